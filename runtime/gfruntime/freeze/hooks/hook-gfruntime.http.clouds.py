# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Azure and Google come with their libraries only where the project depends on these, as `freeze` finds out."""

excludedimports = ["azure", "google.auth"]
