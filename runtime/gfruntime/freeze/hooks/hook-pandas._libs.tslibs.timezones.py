# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Pandas from 3.1 on asks for zoneinfo in plain Python, in a compiled module, which PyInstaller can't see.

Where pandas is, pyarrow's compiled module imports what it has for it; this module is in every pandas.
"""

hiddenimports = ["pyarrow.pandas_compat", "pyarrow.vendored.version", "zoneinfo._zoneinfo"]
