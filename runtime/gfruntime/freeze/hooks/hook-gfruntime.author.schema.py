# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""gfruntime.author.schema needs argparse for its own command line, which does not run in a plugin."""

excludedimports = ["argparse"]
