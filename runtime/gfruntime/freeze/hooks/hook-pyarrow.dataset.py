# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The imports of pyarrow.dataset's compiled modules, for authors whose code imports it."""

hiddenimports = [
    "pyarrow._acero",
    "pyarrow._csv",
    "pyarrow._dataset",
    "pyarrow._json",
    "pyarrow._parquet",
    "pyarrow._substrait",
    "pyarrow.fs",
    "pyarrow.substrait",
]
