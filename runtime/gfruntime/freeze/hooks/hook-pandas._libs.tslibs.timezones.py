# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Pandas from 3.1 on asks for zoneinfo in plain Python, in a compiled module, which PyInstaller can't see.

pyarrow's compiled code imports `pyarrow.pandas_compat` if pandas is bundled. The hook is on this module because every
pandas has it.
"""

hiddenimports = ["pyarrow.pandas_compat", "pyarrow.vendored.version", "zoneinfo._zoneinfo"]
