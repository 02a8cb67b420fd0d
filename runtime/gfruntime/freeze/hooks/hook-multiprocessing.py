# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""multiprocessing can use XML-RPC between processes, as an option; that would bundle all of XML and HTTP."""

excludedimports = ["xmlrpc"]
