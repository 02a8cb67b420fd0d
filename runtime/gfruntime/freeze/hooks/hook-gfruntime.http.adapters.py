# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""`freeze` bundles httpx and requests only if the project depends on them, so do not follow these imports."""

excludedimports = ["httpx", "requests"]
