# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""multiprocessing imports its module for Windows on Windows only."""

import sys

excludedimports = [] if sys.platform == "win32" else ["multiprocessing.popen_spawn_win32"]
