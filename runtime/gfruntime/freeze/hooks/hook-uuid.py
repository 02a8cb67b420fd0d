# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""uuid gets time-based ids from libuuid if it is installed, and otherwise creates them itself."""

excludedimports = ["_uuid"]
