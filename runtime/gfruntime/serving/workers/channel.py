"""Messages between the front process and a process with the author's code: tuples over a socket.

`marshal` encodes them: both ends run the same Python, and trust each other. Four bytes before each message give its
length.

| from the front | | from the worker | |
| --- | --- | --- | --- |
| `call` | number, path, message, metadata, deadline | `loaded` | problem, details (see `child`) |
| `cancel` | number | `answer` | number, message |
| `more` | number: one more part may come | `part` | number, message |
| `taken` | descriptor: its memory was mapped | `over` | number: no more parts |
| `share` | large answers may lie in shared memory | `error` | number, text, code, details |
| | | `full` | megabytes: more than it may take |

The front process sends nothing before it has read `loaded`: `front_process` relies on it.
An answer's message may be a pair instead, a descriptor of the worker and a size: it is in shared memory.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import marshal
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Any

from gfruntime.serving.tcp import send_at_once

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "GFRUNTIME_WORKER"
"""The environment variable with a worker's channel; it makes a process a worker."""

_LOGGER = logging.getLogger("gfruntime")
_HEAD = 4
_PATIENCE = 30.0  # seconds in which a started process must connect
_LOOK = 0.2  # seconds between two checks whether the process still runs


class Channel(asyncio.Protocol):
    """One end, on an event loop; messages that are sent before the connection wait."""

    def __init__(self, receive: Callable[[tuple[Any, ...]], None], lost: Callable[[], None]) -> None:
        """Store the callbacks for messages, and for the loss of the other end."""
        self._receive, self._lost = receive, lost
        self._input = bytearray()
        self._early: list[bytes] = []
        self._transport: asyncio.WriteTransport | None = None
        self._attaching: asyncio.Task[Any] | None = None

    def attach(self, end: socket.socket) -> None:
        """Use a socket on the running loop from now on; a failure counts as the loss of the other end."""
        self._attaching = asyncio.get_running_loop().create_task(self._connect(end))

    def send(self, *message: object) -> None:
        """Send a message; it is lost if the other end is gone."""
        content = _frame(message)
        if self._transport is None:
            self._early.append(content)
        elif not self._transport.is_closing():
            self._transport.write(content)

    def close(self) -> None:
        """Close this end at once."""
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self, end: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, sock=end)
        except Exception:
            _LOGGER.exception("The channel between two of the plugin's processes can't be used")
            end.close()
            self._lost()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the waiting messages."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  # a stream's
        send_at_once(transport)
        self._transport = transport
        transport.writelines(self._early)
        self._early.clear()

    def connection_lost(self, _error: Exception | None) -> None:
        """Call the callback for the loss."""
        self._lost()

    def data_received(self, data: bytes) -> None:
        """Pass on each complete message."""
        self._input += data
        messages, at, end = [], 0, len(self._input)
        with memoryview(self._input) as view:
            while end - at >= _HEAD and end - at >= (size := _HEAD + int.from_bytes(view[at : at + _HEAD], "little")):
                messages.append(marshal.loads(view[at + _HEAD : at + size]))  # noqa: S302  # our own process wrote it
                at += size
        del self._input[:at]
        for message in messages:
            self._receive(message)


class Offer:
    """A channel for a process that will be started: `value` is for its VARIABLE; the process inherits `descriptors`."""

    def __init__(self) -> None:
        """Create both ends. On Windows, where a child inherits no socket, listen on this machine instead."""
        self._theirs: socket.socket | None = None
        self._token = os.urandom(16).hex()
        if sys.platform != "win32":
            self._ours, self._theirs = socket.socketpair()
            self.descriptors: tuple[int, ...] = (self._theirs.fileno(),)
            self.value = f"{self._theirs.fileno()}"
        else:
            self._ours = socket.create_server(("127.0.0.1", 0))
            self.descriptors = ()
            self.value = f"{self._ours.getsockname()[1]}:{self._token}"

    def close_child_end(self) -> None:
        """Close this process's copy of the child's end."""
        if self._theirs is not None:
            self._theirs.close()

    def accept(self, is_running: Callable[[], bool]) -> socket.socket:
        """Return this process's end, once the process has the other end.

        Raises: OSError if the process does not connect in time, or ends before.
        """
        if self._theirs is not None:
            return self._ours
        end_time = time.monotonic() + _PATIENCE
        with self._ours as listener:
            listener.settimeout(_LOOK)
            while True:
                try:
                    end, _ = listener.accept()
                except TimeoutError:
                    if time.monotonic() > end_time or not is_running():
                        raise
                    continue
                end.settimeout(_PATIENCE)
                if hmac.compare_digest(_receive(end, len(self._token)), self._token.encode()):
                    end.settimeout(None)
                    return end
                end.close()

    def withdraw(self) -> None:
        """Close both ends."""
        self._ours.close()
        self.close_child_end()


def connect(value: str) -> socket.socket:
    """Return the worker's end of an offer."""
    port, is_port, token = value.partition(":")
    if not is_port:
        return socket.socket(fileno=int(port))
    end = socket.create_connection(("127.0.0.1", int(port)))
    end.sendall(token.encode())
    return end


def write(end: socket.socket, *message: object) -> None:
    """Send a message on a socket without an event loop.

    Raises: OSError if the other end is gone.
    """
    end.sendall(_frame(message))


def read(end: socket.socket) -> tuple[Any, ...] | None:
    """Read a message from a socket without an event loop, until the timeout; None at the socket's end.

    Raises: TimeoutError.
    """
    size = _receive(end, _HEAD)
    content = _receive(end, int.from_bytes(size, "little")) if size else b""
    return marshal.loads(content) if content else None  # noqa: S302  # as above


def _frame(message: tuple[object, ...]) -> bytes:
    content = marshal.dumps(message)  # type: ignore[arg-type]  # numbers, texts, bytes, and containers of them
    return len(content).to_bytes(_HEAD, "little") + content


def _receive(end: socket.socket, size: int) -> bytes:
    """Receive exactly `size` bytes; no bytes if the other end closes first."""
    content = b""
    while len(content) < size:
        try:
            chunk = end.recv(size - len(content))
        except ConnectionError:
            return b""
        if not chunk:
            return b""
        content += chunk
    return content
