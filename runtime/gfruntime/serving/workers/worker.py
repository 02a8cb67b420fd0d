"""The worker process: the author's code, called over a channel as Grafana calls a plugin.

It ends when the front process closes the channel or ends.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any, NoReturn

from gfruntime.logs import log
from gfruntime.serving import lifecycle, process, stdio
from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.methods import Call, CallError
from gfruntime.serving.workers import channel, shared, template
from gfruntime.serving.workers.plan import Plan
from gfruntime.serving.workers.template import TEMPLATE
from gfruntime.telemetry import process_metrics

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

    from gfruntime.serving.methods import Application, Message

_AHEAD = 16  # parts of a stream that wait for the front process
_LOOK = 1.0  # seconds between two checks of the memory
_MIB = 1 << 20


def run(place: str, make: Callable[[], Application], plan: dict[str, int | str]) -> NoReturn:
    """Run as a worker or a template of workers; `make` loads the author's code.

    Raises: ValueError if the plan is invalid, and errors that come from a limit of the system; any other error of
    `make` is the answer to every call.
    """
    most = Plan.of(os.environ, **plan).max_memory_mb
    kind, _, value = place.partition(" ")
    end = channel.connect(value)
    level = os.environ.get("GF_PLUGIN_LOG_LEVEL", "info")
    if kind == TEMPLATE:
        log.install(2, level=level, has_thread=False)
        end, application = template.serve(end, make)
    reserved = stdio.reserve()
    writer = log.install(reserved.stderr, level=level)
    if kind != TEMPLATE:
        application = template.load(end, make)
    process.start_telemetry(os.environ)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(log.uncaught_in_loop)
    loop.run_until_complete(_serve(end, application, writer, most))
    os._exit(0)


async def _serve(end: socket.socket, application: Application, writer: log.Writer, most: int) -> None:
    loop = asyncio.get_running_loop()
    life = lifecycle.Lifecycle(on_end=writer.flush)
    life.watch_signals()
    ready: asyncio.Future[Application] = loop.create_future()
    ready.set_result(application)
    dispatcher = Dispatcher(ready, on_shutdown=None)
    answers = Answers(dispatcher, life.request)
    answers.channel.attach(end)
    if most:
        threading.Thread(target=_watch_memory, args=(most, loop, answers.channel), name="memory", daemon=True).start()
    await life.requested.wait()
    await dispatcher.drain(lifecycle.DRAIN)
    await process.dispose(ready)
    life.exit()


def _watch_memory(most: int, loop: asyncio.AbstractEventLoop, to: channel.Channel) -> None:
    """Tell the front process once if this process uses more than `most` MiB."""
    clock = threading.Event()
    while (megabytes := process_metrics.resident() // _MIB) <= most:
        clock.wait(_LOOK)
    loop.call_soon_threadsafe(to.send, "full", megabytes)


class Answers:
    """The worker's end: each call is a task, whose answer is sent with the call's number."""

    def __init__(self, dispatcher: Dispatcher, on_end: Callable[[], None]) -> None:
        """Store the dispatcher; `on_end` is called when this process must end."""
        self._dispatcher = dispatcher
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._rooms: dict[int, asyncio.Semaphore] = {}
        self._may_share = False
        self.channel = channel.Channel(self._receive, on_end)

    def _receive(self, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "call":
            number, path, content, metadata, deadline = rest
            call = Call(metadata=metadata, deadline=deadline)
            answer = self._answer if path in self._dispatcher.unary else self._stream
            task = asyncio.get_running_loop().create_task(answer(number, path, content, call))
            self._tasks[number] = task
            task.add_done_callback(lambda _: self._tasks.pop(number))
        elif kind == "cancel":
            if (running := self._tasks.get(rest[0])) is not None:
                running.cancel()
        elif kind == "more":
            if (room := self._rooms.get(rest[0])) is not None:
                room.release()
        elif kind == "taken":
            os.close(rest[0])
        elif kind == "share":
            self._may_share = True

    async def _answer(self, number: int, path: str, content: bytes, call: Call) -> None:
        try:
            answer = await self._dispatcher.unary[path](content, call)
        except CallError as error:
            self._send_error(number, error)
        else:
            self._send("answer", number, answer)

    async def _stream(self, number: int, path: str, content: bytes, call: Call) -> None:
        room = self._rooms[number] = asyncio.Semaphore(_AHEAD)
        parts: AsyncIterator[Message] = self._dispatcher.streams[path](content, call)
        try:
            async for part in parts:
                self._send("part", number, part)
                await room.acquire()
        except CallError as error:
            self._send_error(number, error)
        else:
            self.channel.send("over", number)
        finally:
            del self._rooms[number]
            await parts.aclose()  # type: ignore[attr-defined]  # a generator

    def _send(self, kind: str, number: int, content: Message) -> None:
        if self._may_share and len(content) >= shared.LARGE and (descriptor := shared.place(content)) >= 0:
            self.channel.send(kind, number, (descriptor, len(content)))
        else:
            self.channel.send(kind, number, content)

    def _send_error(self, number: int, error: CallError) -> None:
        self.channel.send("error", number, str(error), error.code, error.details)
