"""orjson."""

import orjson

from gfruntime import Frame


def answer() -> Frame:
    """Decode and encode."""
    return Frame.of(value=[orjson.dumps(orjson.loads('{"value": 42}')).decode()])
