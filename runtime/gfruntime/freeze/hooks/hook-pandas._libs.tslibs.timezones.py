# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""A compiled module of pandas 3.1 and later imports zoneinfo's Python code, which PyInstaller can't see.

pyarrow's compiled code imports `pyarrow.pandas_compat` if pandas is bundled. The hook is for this module because all
versions of pandas have it.
"""

hiddenimports = ["pyarrow.pandas_compat", "pyarrow.vendored.version", "zoneinfo._zoneinfo"]
