# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""For an author whose code imports pyarrow.dataset: what its compiled modules import."""

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
