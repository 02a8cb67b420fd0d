"""aiohttp, as a client."""

import asyncio

import aiohttp

from gfruntime import Frame


async def fetch() -> str:
    """Ask a closed port."""
    async with aiohttp.ClientSession() as session, session.get("http://127.0.0.1:9/") as response:
        return await response.text()


def answer() -> Frame:
    """Connect to a closed port."""
    return Frame.of(value=[asyncio.run(fetch())])
