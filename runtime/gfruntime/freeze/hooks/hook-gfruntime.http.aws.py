# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""AWS signatures need botocore, but come with it only where the project depends on it, as `freeze` finds out."""

excludedimports = ["botocore"]
