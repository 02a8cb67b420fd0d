"""TCP without delay for small writes."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


def send_at_once(transport: asyncio.BaseTransport) -> None:
    """Turn off Nagle's algorithm, which delays a small write for up to 40 ms while another is in flight.

    asyncio also does this, but only for sockets created with protocol TCP, not with 0.
    """
    end = transport.get_extra_info("socket")
    if end is not None and end.family in (socket.AF_INET, socket.AF_INET6):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
