# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The clients of other libraries come with them only where the project depends on these, as `freeze` finds out."""

excludedimports = ["httpx", "requests"]
