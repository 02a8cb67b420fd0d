# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""py_compile needs argparse only for its command line, which a plugin does not run."""

excludedimports = ["argparse"]
