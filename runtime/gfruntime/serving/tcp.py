"""TCP that sends small writes at once."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio


def send_at_once(transport: asyncio.BaseTransport) -> None:
    """Turn off Nagle's algorithm, which holds a small write back for up to 40 ms while another is under way.

    asyncio does so itself, but only for sockets that were made with TCP as their protocol, not with 0.
    """
    end = transport.get_extra_info("socket")
    if end is not None and end.family in (socket.AF_INET, socket.AF_INET6):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
