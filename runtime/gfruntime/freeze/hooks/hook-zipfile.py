# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""zipfile works without bz2 and lzma; an author who needs them imports them, or lists them in the spec.

argparse is only for its command line, py_compile for archives whose source is compiled while they are written.
"""

excludedimports = ["argparse", "bz2", "lzma", "py_compile"]
