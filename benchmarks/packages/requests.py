"""requests."""

import requests

from gfruntime import Frame


def answer() -> Frame:
    """Fail to connect."""
    return Frame.of(value=[requests.get("https://127.0.0.1:9/", timeout=3).text])
