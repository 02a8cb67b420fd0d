# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""The codec `bz2` of bytes comes with an author's own import of bz2."""

excludedimports = ["bz2"]
