# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""PyInstaller's interpreters have a compiled `_decimal`, so leave out `_pydecimal`."""

excludedimports = ["_pydecimal"]
