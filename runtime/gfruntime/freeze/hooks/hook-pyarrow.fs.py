# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The imports of pyarrow.fs's compiled modules, for authors whose code imports it."""

hiddenimports = ["pyarrow._fs", "pyarrow._hdfs"]
