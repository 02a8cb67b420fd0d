"""asyncpg."""

import asyncio

import asyncpg

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    return Frame.of(value=[str(asyncio.run(asyncpg.connect("postgresql://x@127.0.0.1:9/x", timeout=3)))])
