# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""`freeze` bundles cryptography, for signing, only if the project depends on it: do not follow this import."""

excludedimports = ["cryptography"]
