# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""opcode does without its compiled part up to Python 3.11, and nothing in a plugin asks for what is in it."""

import sys

excludedimports = ["_opcode"] if sys.version_info < (3, 12) else []
