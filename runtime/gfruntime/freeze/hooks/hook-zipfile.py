# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""zipfile does without bz2 and lzma; an author who needs them imports them, or lists them in the spec.

argparse is for its own command line, py_compile for archives of source that is compiled on the way.
"""

excludedimports = ["argparse", "bz2", "lzma", "py_compile"]
