# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""urllib3 without what runs in browsers, speaks HTTP/2, or needs packages that an author lists when they are wanted."""

excludedimports = ["urllib3.contrib.emscripten", "urllib3.http2.connection"]
