# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""threading has a compiled class for local data, and does without the one in Python."""

excludedimports = ["_threading_local"]
