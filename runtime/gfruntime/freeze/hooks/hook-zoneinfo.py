# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""zoneinfo in plain Python is for interpreters without the compiled one, and PyInstaller's have it.

PyInstaller's community hook, which this one replaces, brings tzdata on Windows, which has no time zones itself.
"""

import importlib.util
import sys

excludedimports = ["zoneinfo._zoneinfo"] if importlib.util.find_spec("_zoneinfo") else []
hiddenimports = ["tzdata"] if sys.platform == "win32" else []
