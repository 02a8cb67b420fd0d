# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""random imports statistics for its own test only."""

excludedimports = ["statistics"]
