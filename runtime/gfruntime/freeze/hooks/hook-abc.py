# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""abc is compiled, and does without the one in Python."""

excludedimports = ["_py_abc"]
