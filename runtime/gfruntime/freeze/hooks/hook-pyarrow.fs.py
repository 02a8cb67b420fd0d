# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""For an author whose code imports pyarrow.fs: what its compiled modules import."""

hiddenimports = ["pyarrow._fs", "pyarrow._hdfs"]
