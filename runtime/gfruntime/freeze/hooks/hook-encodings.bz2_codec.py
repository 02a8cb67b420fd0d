# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Leave out bz2 here; it is bundled if the author's code imports it."""

excludedimports = ["bz2"]
