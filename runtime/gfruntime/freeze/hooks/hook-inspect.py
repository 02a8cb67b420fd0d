# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""inspect needs argparse for its own command line, which nobody runs in a plugin."""

excludedimports = ["argparse"]
