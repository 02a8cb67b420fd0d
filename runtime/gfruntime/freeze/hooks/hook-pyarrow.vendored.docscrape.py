# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""A bundle has `gfruntime.freeze.plain_docscrape` in the place of this module, and that needs no pydoc."""

excludedimports = ["pydoc"]
