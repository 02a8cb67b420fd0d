# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""pickle needs argparse and pprint only for its command line, which a plugin does not run."""

excludedimports = ["argparse", "doctest", "pprint"]
