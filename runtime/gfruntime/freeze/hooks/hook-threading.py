# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""CPython has a compiled `_thread._local`, so leave out `_threading_local`."""

excludedimports = ["_threading_local"]
