"""A data source that fails in every way an author's code can; `PROBE_ASYNC` chooses `async def` methods."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfruntime import Frame, Health, Query, Request, Response, Settings, StreamRequest, StreamResponse, get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

log = get_logger()
MIB = 1 << 20


@dataclass(frozen=True)
class Options:
    """The place and the kind of the failure."""

    make: str = ""
    health: str = ""
    dispose: str = ""


@dataclass(frozen=True)
class Model:
    """The kind of a query's failure."""

    kind: str = ""


class UnlikeOthersError(BaseException):
    """A BaseException, as a library may raise to pass every `except Exception`."""


class WithoutTextError(Exception):
    """An error whose text raises."""

    def __str__(self) -> str:
        """Fail again."""
        raise RuntimeError("no text either")


class EndlessTextError(Exception):
    """An error whose text never ends."""

    def __str__(self) -> str:
        """Wait for ever."""
        threading.Event().wait()
        return ""


class OddError(Exception):
    """Looks like an HTTP client's error, but raises when its response is read."""

    @property
    def response(self) -> object:
        """Fail again."""
        raise ValueError("no response")

    __module__ = "httpx"


RAISED: dict[str, tuple[type[BaseException], object]] = {
    "exception": (RuntimeError, "something nobody meant"),
    "system exit": (SystemExit, 7),
    "keyboard interrupt": (KeyboardInterrupt, ""),
    "generator exit": (GeneratorExit, ""),
    "cancelled": (asyncio.CancelledError, ""),
    "base exception": (UnlikeOthersError, "through every except"),
    "no text": (WithoutTextError, ""),
    "endless text": (EndlessTextError, ""),
    "odd": (OddError, "odd"),
    "stop": (StopIteration, 1),
    "long text": (RuntimeError, "x" * MIB),
}
"""By name of the failure: the exception, and its argument."""


def fail(how: str) -> None:
    """Fail in one way; return if `how` names none."""
    if how in RAISED:
        kind, argument = RAISED[how]
        raise kind(argument)
    match how:
        case "recursion":
            recurse()
        case "memory":
            bytearray(1 << 60)
        case "circle":
            error = RuntimeError("its own cause")
            raise error from error
        case "exit":
            os._exit(3)
        case "crash":
            ctypes.string_at(0)
        case "block":
            threading.Event().wait()
        case "burn":
            while True:
                sum(range(1000))


def recurse() -> None:
    """Recurse without an end."""
    recurse()


def one() -> Frame:
    """Return an answer that a panel shows."""
    return Frame.of(value=[1.0])


class Sync:
    """Fails in threads."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Fail as the options say."""
        self.options = settings.options
        fail(settings.options.make)

    def query(self, query: Query[Model]) -> Frame:
        """Fail as the query says."""
        fail(query.model.kind)
        if query.model.kind in ACTIONS:
            ACTIONS[query.model.kind]()
        return one()

    def query_chunked(self, query: Query[Model]) -> Iterator[Frame]:
        """Fail after the first part."""
        yield one()
        fail(query.model.kind)

    def check_health(self) -> Health:
        """Fail as the options say."""
        fail(self.options.health)
        return Health.ok("well")

    def call_resource(self, request: Request) -> Response:
        """Return the body, or fail as the path says."""
        fail(request.path)
        if request.path == "late":
            return Response(body=late())
        return Response(body=request.body)

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Fail as the path says."""
        fail(request.path)
        return StreamResponse.ok()

    def run_stream(self, request: StreamRequest) -> Iterator[object]:
        """Fail after the first packet."""
        yield {"n": 1}
        fail(request.path)

    def dispose(self) -> None:
        """Fail as the options say."""
        fail(self.options.dispose)


class Async(Sync):
    """Fails on the loop for `async def`; its resources stay in threads."""

    async def query(self, query: Query[Model]) -> Frame:  # type: ignore[override]
        """Fail as the query says, after a step."""
        await asyncio.sleep(0)
        return super().query(query)

    async def query_chunked(self, query: Query[Model]) -> AsyncIterator[Frame]:  # type: ignore[override]
        """Fail after the first part."""
        yield one()
        fail(query.model.kind)

    async def check_health(self) -> Health:  # type: ignore[override]
        """Fail as the options say."""
        await asyncio.sleep(0)
        return super().check_health()

    async def subscribe_stream(self, request: StreamRequest) -> StreamResponse:  # type: ignore[override]
        """Fail as the path says."""
        await asyncio.sleep(0)
        return super().subscribe_stream(request)

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[object]:  # type: ignore[override]
        """Fail after the first packet."""
        yield {"n": 1}
        fail(request.path)


def late() -> Iterator[bytes]:
    """Fail when the status is sent."""
    yield b"begun"
    raise UnlikeOthersError("too late")


def shout(size: int = 4 * MIB) -> None:
    """Write to stdout and stderr like Python, C libraries, and child processes."""
    for stream in (sys.stdout, sys.stderr):
        stream.write("p" * size + "\n")
        stream.flush()
    for descriptor in (1, 2):
        os.write(descriptor, b"c" * 60_000 + b"\n")
        line, count = b"l" * 1000 + b"\n", 0
        while count < size:
            count += os.write(descriptor, line)
    script = f"head -c {size} /dev/zero | tr '\\0' s; head -c {size} /dev/zero | tr '\\0' s >&2"
    subprocess.run(["/bin/sh", "-c", script], check=True)


def fork() -> int:
    """Fork in a process with threads, as careless libraries do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return os.fork()


def fork_and_leave() -> None:
    """Fork, and let the child end properly."""
    child = fork()
    if child == 0:
        print("from the fork")  # noqa: T201
        os._exit(0)
    os.waitpid(child, 0)


def use_processes() -> None:
    """Compute in other processes, which the standard library starts."""
    for method in multiprocessing.get_all_start_methods():
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
            if pool.submit(pow, 6, 2).result(20) != 36:
                raise ArithmeticError


ACTIONS = {"print": shout, "fork": fork_and_leave, "fork and go on": fork, "processes": use_processes}
"""Actions that do not fail, but may harm other calls."""
Datasource = Async if os.environ.get("PROBE_ASYNC") else Sync
