# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""In a bundle `gfruntime.freeze.plain_docscrape` replaces this module, and it does not need pydoc."""

excludedimports = ["pydoc"]
