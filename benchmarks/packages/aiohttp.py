"""aiohttp, as a client."""

import asyncio

import aiohttp

from gfruntime import Frame


async def fetch() -> str:
    """Ask a port on which nothing listens."""
    async with aiohttp.ClientSession() as session, session.get("http://127.0.0.1:9/") as response:
        return await response.text()


def answer() -> Frame:
    """Fail to connect."""
    return Frame.of(value=[asyncio.run(fetch())])
