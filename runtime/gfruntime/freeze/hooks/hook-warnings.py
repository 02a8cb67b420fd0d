# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""warnings reads where an object was created from tracemalloc, if code has imported it."""

excludedimports = ["tracemalloc"]
