# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""multiprocessing can speak XML-RPC to another process, if asked to; that would bring all of XML and HTTP."""

excludedimports = ["xmlrpc"]
