# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""CPython has a compiled `_abc`, so leave out `_py_abc`."""

excludedimports = ["_py_abc"]
