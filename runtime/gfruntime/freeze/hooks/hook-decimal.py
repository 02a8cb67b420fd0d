# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""decimal in plain Python is for interpreters without the compiled one, and PyInstaller's have it."""

excludedimports = ["_pydecimal"]
