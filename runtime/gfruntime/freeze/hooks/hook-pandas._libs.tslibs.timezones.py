# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Pandas from 3.1 on asks for zoneinfo in plain Python, in a compiled module, which PyInstaller can't see."""

hiddenimports = ["zoneinfo._zoneinfo"]
