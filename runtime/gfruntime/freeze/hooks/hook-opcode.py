# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Up to Python 3.11 `opcode` works without `_opcode`, which a plugin does not use."""

import sys

excludedimports = ["_opcode"] if sys.version_info < (3, 12) else []
