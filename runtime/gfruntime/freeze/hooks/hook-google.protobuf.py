# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""protobuf takes numpy arrays, so it mentions numpy; a plugin that never uses numpy does not need it."""

excludedimports = ["numpy"]
