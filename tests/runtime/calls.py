"""Calls of a data source's services in this process: protobuf messages in, protobuf messages out, on one event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message

from gfruntime.calls.service import Service
from gfruntime.serving.methods import Call

if TYPE_CHECKING:
    from collections.abc import Coroutine

MessageT = TypeVar("MessageT", bound=Message)
T = TypeVar("T")


class Services:
    """The services of one class."""

    def __init__(self, kind: type) -> None:
        """Inspect the class."""
        self.service = Service.of(kind)
        self.application = self.service.application()

    def unary(self, method: str, request: Message, answer: type[MessageT], call: Call | None = None) -> MessageT:
        """Call a method that answers once."""
        handler = self.application.unary[f"/pluginv2.{method}"]

        async def ask() -> bytes:
            return await handler(request.SerializeToString(), call or Call())

        return answer.FromString(run(ask()))

    def stream(
        self, method: str, request: Message, answer: type[MessageT], *, count: int = 0, call: Call | None = None
    ) -> list[MessageT]:
        """Call a method that answers many times; stop after `count` messages, or at the end."""
        handler = self.application.streams[f"/pluginv2.{method}"]

        async def collect() -> list[bytes]:
            found: list[bytes] = []
            messages: Any = handler(request.SerializeToString(), call or Call())
            try:
                async for message in messages:
                    found.append(message)
                    if count and len(found) == count:
                        break
            finally:
                await messages.aclose()
            return found

        return [answer.FromString(message) for message in run(collect())]


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine, bounded in time."""

    async def bounded() -> T:
        return await asyncio.wait_for(coroutine, 20)

    return asyncio.run(bounded())
