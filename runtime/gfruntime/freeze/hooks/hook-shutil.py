# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""shutil works without bz2 and lzma; an author who needs them imports them, or lists them in the spec."""

excludedimports = ["bz2", "lzma"]
