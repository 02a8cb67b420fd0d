# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Signing needs cryptography, but comes with it only where the project depends on it, as `freeze` finds out."""

excludedimports = ["cryptography"]
