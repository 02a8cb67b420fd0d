# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""uuid asks libuuid for time-based ids if it is there, and makes them itself where it is not."""

excludedimports = ["_uuid"]
