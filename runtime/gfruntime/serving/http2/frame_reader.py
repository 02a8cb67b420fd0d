"""Parse frames from bytes: the preface, a SETTINGS frame, and then all other frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfruntime.serving.http2 import framing
from gfruntime.serving.http2.framing import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = 9


class FrameReader:
    """Calls `receive` with each complete frame: its type, flags, stream and content."""

    def __init__(self, receive: Callable[[int, int, int, bytes], None]) -> None:
        """Start with the preface."""
        self._receive = receive
        self._input = bytearray()
        self._read: Callable[[], bool] = self._read_preface

    def feed(self, data: bytes) -> None:
        """Add bytes, and parse all complete frames.

        Raises: ProtocolError if the bytes are not HTTP/2, and the exceptions of `receive`.
        """
        self._input += data
        while self._read():
            pass

    def stop(self) -> None:
        """Stop reading."""
        self._read = lambda: False
        self._input.clear()

    def _read_preface(self) -> bool:
        start = bytes(self._input[: len(framing.PREFACE)])
        if not framing.PREFACE.startswith(start):
            raise ProtocolError(framing.PROTOCOL_ERROR, "no HTTP/2 preface")
        if len(start) < len(framing.PREFACE):
            return False
        del self._input[: len(framing.PREFACE)]
        self._read = self._read_first
        return True

    def _read_first(self) -> bool:
        if len(self._input) < _HEAD:
            return False
        if self._input[3] != framing.SETTINGS or self._input[4] & framing.ACK:
            raise ProtocolError(framing.PROTOCOL_ERROR, "no SETTINGS after the preface")
        self._read = self._read_frame
        return True

    def _read_frame(self) -> bool:
        data = self._input
        if len(data) < _HEAD:
            return False
        length = data[0] << 16 | data[1] << 8 | data[2]
        if length > framing.DEFAULT_FRAME:
            raise ProtocolError(framing.FRAME_SIZE_ERROR, f"a frame of {length} bytes")
        end = _HEAD + length
        if len(data) < end:
            return False
        kind, flags = data[3], data[4]
        stream = int.from_bytes(data[5:_HEAD], "big") & framing.LARGEST_WINDOW
        content = bytes(data[_HEAD:end])
        del data[:end]
        self._receive(kind, flags, stream, content)
        return True
