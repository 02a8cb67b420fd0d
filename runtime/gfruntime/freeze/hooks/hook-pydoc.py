# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""pyarrow formats its documentation with pydoc; a plugin does not use pydoc's web server and help topics."""

excludedimports = ["http.server", "pydoc_data", "tty", "webbrowser"]
