"""msgspec, which the runtime brings, with its codec for MessagePack."""

import msgspec

from gfruntime import Frame


def answer() -> Frame:
    """Encode and decode."""
    return Frame.of(value=[msgspec.msgpack.decode(msgspec.msgpack.encode({"value": 42}), type=dict[str, int])["value"]])
