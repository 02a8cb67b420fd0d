# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The imports of pyarrow.parquet's compiled modules, for authors whose code imports it."""

hiddenimports = ["pyarrow._parquet", "pyarrow.fs"]
