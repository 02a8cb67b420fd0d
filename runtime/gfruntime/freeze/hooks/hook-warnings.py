# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""warnings asks tracemalloc, where code has imported it, for the place that an object comes from."""

excludedimports = ["tracemalloc"]
