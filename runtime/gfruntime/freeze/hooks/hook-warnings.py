# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""warnings uses tracemalloc, if other code has imported it, to show the place that created an object."""

excludedimports = ["tracemalloc"]
