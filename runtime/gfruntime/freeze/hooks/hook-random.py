# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""random imports statistics only for its test."""

excludedimports = ["statistics"]
