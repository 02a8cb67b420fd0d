# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""urllib3 without what runs in browsers or speaks HTTP/2, and without what the client never asks for.

That is br and zstd, and idna: names of hosts are in their ASCII form before urllib3 sees them.
"""

excludedimports = [
    "backports",
    "brotli",
    "brotlicffi",
    "idna",
    "urllib3.contrib.emscripten",
    "urllib3.http2.connection",
]
