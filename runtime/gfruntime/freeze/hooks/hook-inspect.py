# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""inspect needs argparse only for its command line, which a plugin does not run."""

excludedimports = ["argparse"]
