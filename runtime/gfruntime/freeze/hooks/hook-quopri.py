# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""quopri needs getopt for its own command line, which nobody runs in a plugin."""

excludedimports = ["getopt"]
