# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""protobuf accepts numpy arrays, so its code names numpy; a plugin that never uses numpy does not need it."""

excludedimports = ["numpy"]
