# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""base64 needs getopt only for its command line, which a plugin does not run."""

excludedimports = ["getopt"]
