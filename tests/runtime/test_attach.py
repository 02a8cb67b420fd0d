"""An application that is loaded but can't be attached to the control loop: every call is answered with the reason."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime import wire
from gfruntime.serving import process
from gfruntime.serving.dispatcher import Dispatcher
from gfruntime.serving.methods import Application, Call, CallError
from gfruntime.serving.workers.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

HEALTH, QUERY = "/pluginv2.Diagnostics/CheckHealth", "/pluginv2.Data/QueryData"


def load_in_thread(application: Application, use: Callable[[asyncio.Future[Application]], Any]) -> Any:
    """Load an application as a plugin process does, and return what `use` makes of its future."""

    async def run() -> Any:
        future: asyncio.Future[Application] = asyncio.get_running_loop().create_future()
        threading.Thread(target=process._load, args=(lambda: application, future)).start()
        return await asyncio.wait_for(use(future), 10)

    return asyncio.run(run())


def test_calls_get_the_reason_of_a_failed_attach() -> None:
    """Waiting calls get the reason, too; the child processes are killed."""
    kills: list[str] = []

    def attach() -> None:
        raise AttributeError("module 'os' has no attribute 'O_NONBLOCK'")

    async def ask(future: asyncio.Future[Application]) -> tuple[int, str, str]:
        dispatcher = Dispatcher(future, on_shutdown=None)
        health = await dispatcher.unary[HEALTH](b"", Call())
        status, message, details = wire.read_health_response(bytes(health))
        return status, message, details.decode()

    application = Application(attach=attach, kill=lambda: kills.append("kill"))
    status, message, details = load_in_thread(application, ask)

    reason = "AttributeError: module 'os' has no attribute 'O_NONBLOCK'"
    assert (status, message) == (2, f"the plugin's code is loaded, but can't be called: {reason}")
    assert "Traceback" in details
    assert kills == ["kill"]


def test_an_attach_that_fails_because_of_a_limit_ends_the_process() -> None:
    """The process ends as for a limit while the code is loaded."""

    def attach() -> None:
        raise OSError(24, "Too many open files")

    async def fail(future: asyncio.Future[Application]) -> str:
        with pytest.raises(Exception, match="Too many open files") as caught:
            await future
        return str(caught.value.__cause__)

    assert load_in_thread(Application(attach=attach), fail) == "[Errno 24] Too many open files"


def test_an_application_is_attached_on_the_loop_before_the_first_call() -> None:
    """The application gets the running loop."""
    loops: list[asyncio.AbstractEventLoop] = []
    application = Application(attach=lambda: loops.append(asyncio.get_running_loop()))

    async def look(future: asyncio.Future[Application]) -> bool:
        return await future is application and loops == [asyncio.get_running_loop()]

    assert load_in_thread(application, look)


def test_a_worker_whose_channel_cannot_be_used_is_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls of the worker fail instead of waiting for ever; the worker sees the end of its channel."""
    ours, theirs = socket.socketpair()

    async def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    async def ask() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", refuse)
        caller = Caller(ours, 0)
        caller.attach()
        await caller.ask(QUERY, b"", Call())

    with theirs:
        with pytest.raises(CallError, match="the plugin's process has ended"):
            asyncio.run(asyncio.wait_for(ask(), 5))
        assert theirs.recv(1) == b""
    assert "No space left on device" in caplog.text
