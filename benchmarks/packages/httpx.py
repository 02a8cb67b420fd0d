"""httpx."""

import httpx

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    return Frame.of(value=[httpx.get("https://127.0.0.1:9/").text])
