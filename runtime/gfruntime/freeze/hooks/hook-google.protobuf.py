# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""protobuf takes numpy arrays, so it mentions numpy; that is no reason to ship it to a plugin that never uses it."""

excludedimports = ["numpy"]
