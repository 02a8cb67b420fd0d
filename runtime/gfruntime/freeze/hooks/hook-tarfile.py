# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""tarfile does without lzma where there is none; an author who needs .xz imports lzma, or lists it in the spec.

argparse is for its own command line.
"""

excludedimports = ["argparse", "lzma"]
