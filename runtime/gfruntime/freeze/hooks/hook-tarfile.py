# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""tarfile does without bz2 and lzma; an author who needs them imports them, or lists them in the spec.

argparse is for its own command line.
"""

excludedimports = ["argparse", "bz2", "lzma"]
