# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""pyarrow formats its documentation with pydoc, whose web server and topics nobody asks a plugin for."""

excludedimports = ["http.server", "pydoc_data", "tty", "webbrowser"]
