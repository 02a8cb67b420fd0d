# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""pickle needs argparse and pprint for its own command line, which nobody runs in a plugin."""

excludedimports = ["argparse", "doctest", "pprint"]
