# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""tarfile works without bz2 and lzma; an author who needs them imports them, or lists them in the spec.

argparse is only for its command line.
"""

excludedimports = ["argparse", "bz2", "lzma"]
