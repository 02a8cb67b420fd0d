# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The imports of pyarrow.orc's compiled modules, for authors whose code imports it."""

hiddenimports = ["pyarrow._orc", "pyarrow.fs"]
