# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""msgspec falls back to tomli on old Pythons only; PyInstaller finds one in setuptools, and would ship all of that."""

excludedimports = ["tomli"]
