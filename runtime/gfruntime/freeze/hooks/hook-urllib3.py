# ruff: noqa: INP001 - PyInstaller finds a hook by its file name
"""Leave out urllib3's parts for browsers and HTTP/2, and brotli, zstd and idna.

The client does not request these encodings, and host names are in their ASCII form before urllib3 gets them.
"""

excludedimports = [
    "backports",
    "brotli",
    "brotlicffi",
    "idna",
    "urllib3.contrib.emscripten",
    "urllib3.http2.connection",
]
