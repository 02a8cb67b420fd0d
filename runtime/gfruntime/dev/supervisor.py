"""Keeps the connection to Grafana while the code behind it changes.

A save starts a second process. Once the new code is imported, calls go to it, and the old process ends after its last
answer. If the import fails, the old process stays, and health checks and panels show the error. Grafana could restart
an ended plugin itself, but it checks only once a second, and calls would fail meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfruntime import wire
from gfruntime.dev import notices, watch
from gfruntime.dev.link import Link
from gfruntime.logs import log
from gfruntime.serving import failed, lifecycle
from gfruntime.serving.methods import METHODS, Application, Call, CallError, CallKind
from gfruntime.serving.workers.child import Child, StartError
from gfruntime.serving.workers.template import WORKER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from gfruntime.serving.methods import Message, Stream

_LOGGER = logging.getLogger("gfplug.dev")
_HEALTH, _QUERY = "/pluginv2.Diagnostics/CheckHealth", "/pluginv2.Data/QueryData"
_RESOURCE = "/pluginv2.Resource/CallResource"
_BODY = 3  # pluginv2.CallResourceResponse
_STUBS = "pluginv2"
_ERROR = 2  # pluginv2.CheckHealthResponse.HealthStatus
_POLL_SECONDS = 0.08  # seconds between two checks of the files
_SETTLE_SECONDS = 0.03  # seconds without a change that make a save complete
_RESTART_DELAY = 1.0  # seconds before a process that died is started again
_DRAIN_SECONDS = 10.0  # seconds that an old process may take for its last answers
_LOAD_FAILED = "the saved code cannot be used: {}; the last working code still answers"
_SPARE = (sys.executable, "-P", "-B", "-m", "gfruntime.dev.spare")


class LoadError(Exception):
    """The author's code cannot be imported; `details` is JSON for the plugin's health response."""

    def __init__(self, message: str, details: bytes) -> None:
        """Store the message and the details."""
        super().__init__(message)
        self.details = details


class Supervisor:
    """Owns the processes: one that answers, a spare for the next save, and old processes that are ending."""

    def __init__(self, source: Path | None = None) -> None:
        """Prepare to watch a source folder; default: the folder of the author's package."""
        self._source = source or watch.source_folder()
        self._current: Child | None = None
        self._spare: Child | None = None
        self._problem: LoadError | StartError | None = None
        self._lost: Application | None = None  # answers while no process runs
        self._link = Link.from_environment()
        self._all: set[Child] = set()
        self._ending = threading.Event()
        self._attached = threading.Event()
        self._lock = threading.Lock()
        self._snapshot = watch.snapshot(self._source)

    def start(self) -> Application:
        """Start the author's code and the watcher, and return an application that forwards calls."""
        _precompile(self._source)
        self._reload([])
        threading.Thread(target=self._watch, name="source watch", daemon=True).start()
        unary = {path: self._unary(path) for path, kind in METHODS.items() if kind is CallKind.UNARY}
        streams = {path: self._stream(path) for path, kind in METHODS.items() if kind is not CallKind.UNARY}
        return Application(
            unary={**unary, _HEALTH: self._health, _QUERY: self._query},
            streams=streams,
            attach=self._attach,
            close=self._end,
            kill=self._kill,
        )

    def _attach(self) -> None:
        """Send calls to the first process; `_switch_to` does this for later processes."""
        self._loop = asyncio.get_running_loop()
        if self._current is not None:
            self._current.caller.attach()
        self._attached.set()

    def _watch(self) -> None:
        while not self._ending.wait(_POLL_SECONDS):
            try:
                self._check_for_changes()
            except OSError as error:  # keep watching
                _LOGGER.error("the source could not be read: %s", error)  # noqa: TRY400  # it says enough
                self._ending.wait(_RESTART_DELAY)

    def _check_for_changes(self) -> None:
        """Start a new process if the source has changed, or if the current process has ended."""
        snapshot = watch.snapshot(self._source)
        if snapshot != self._snapshot:
            self._reload(self._wait_for_complete_save(snapshot))
        elif self._current is not None and (status := self._current.status) is not None:
            _LOGGER.error("the plugin's process %d ended with status %d; starting it again", self._current.pid, status)
            self._ending.wait(_RESTART_DELAY)
            self._reload([])

    def _wait_for_complete_save(self, snapshot: watch.Snapshot) -> list[str]:
        """Wait until the files stay the same, and list the changed files."""
        while not self._ending.wait(_SETTLE_SECONDS) and (now := watch.snapshot(self._source)) != snapshot:
            snapshot = now
        paths = watch.changes(self._snapshot, snapshot)
        self._snapshot = snapshot
        watch.forget(paths)
        return paths

    def _reload(self, paths: list[str]) -> None:
        """Start a process, and let it answer, unless it fails and the old process works."""
        began = time.monotonic()
        try:
            child = self._take_spare(paths)
        except OSError as error:  # no memory, or too many processes
            self._problem = StartError(f"no process could be started: {error}")
            self._keep_current(self._problem)
            return
        problem: LoadError | StartError | None = None
        try:
            report = child.load()
        except StartError as error:
            problem = error
        else:
            problem = LoadError(report.problem, report.details) if report.problem else None
        self._switch_to(child, problem, paths, time.monotonic() - began)
        with suppress(OSError):  # the next save tries again
            self._spare = self._new()

    def _take_spare(self, paths: list[str]) -> Child:
        """Return the spare process, unless it has ended or has imported a changed file."""
        spare, self._spare = self._spare, None
        stubs = str(self._source / _STUBS)
        if spare is not None and spare.status is None and not any(path.startswith(stubs) for path in paths):
            return spare
        if spare is not None:
            self._dismiss(spare, patience=0.0)
        return self._new()

    def _new(self) -> Child:
        child = Child(WORKER, log.writer().put, _SPARE)
        with self._lock:
            self._all.add(child)
        if self._ending.is_set():
            child.kill()
        return child

    def _switch_to(
        self, child: Child, problem: LoadError | StartError | None, paths: list[str], seconds: float
    ) -> None:
        old, is_first = self._current, self._current is None
        is_good_there = old is not None and old.status is None and self._problem_of_current is None
        self._problem = problem
        if isinstance(problem, StartError) or (problem is not None and is_good_there):
            self._keep_current(problem)
            self._dismiss(child, patience=0.0)
            return
        self._problem_of_current = problem
        if self._loop is not None:
            self._loop.call_soon_threadsafe(child.caller.attach)
        self._current, self._lost = child, None
        names = [Path(path).relative_to(self._source).as_posix() for path in paths]
        if not is_first:
            extra = {"changed": ", ".join(names[:5]), "seconds": f"{seconds:.3f}"}
            _LOGGER.info("reloaded (pid %d)", child.pid, extra=extra)
        else:
            _LOGGER.info("running %s (pid %d); a save reloads it", self._source, child.pid)
        if old is not None:
            self._dismiss(old, patience=_DRAIN_SECONDS)
        if problem is None:
            self._link.follow(lambda path: self._resource(child, path))

    def _keep_current(self, problem: LoadError | StartError) -> None:
        """Keep the current process; without one, answer with the error."""
        if self._living() is not None:
            _LOGGER.error(_LOAD_FAILED.format(problem))
        else:
            self._lost = failed.application(problem)  # this call logs the problem

    _problem_of_current: LoadError | StartError | None = None
    _loop: asyncio.AbstractEventLoop | None = None

    def _dismiss(self, child: Child, *, patience: float) -> None:
        """End a process in the background."""

        def leave() -> None:
            child.retire(patience=patience)
            with self._lock:
                self._all.discard(child)

        threading.Thread(target=leave, name=f"end of {child.pid}", daemon=True).start()

    def _end(self) -> None:
        """End every process; called when no call is in flight."""
        self._ending.set()
        with self._lock:
            every = list(self._all)
        for child in every:
            child.part()
        for child in every:
            child.wait(lifecycle.END)

    def _kill(self) -> None:
        """Kill the processes that still run."""
        self._ending.set()
        with self._lock:
            every = list(self._all)
        for child in every:
            child.kill()

    async def _health(self, message: bytes, call: Call) -> Message:
        problem = self._problem
        if problem is None or self._current is None or problem is self._problem_of_current:
            return await self._ask(_HEALTH, message, call)
        details = (
            problem.details if isinstance(problem, LoadError) else json.dumps({"loadError": str(problem)}).encode()
        )
        return wire.health_response(status=_ERROR, message=_LOAD_FAILED.format(problem), details=details)

    async def _query(self, message: bytes, call: Call) -> Message:
        answer = await self._ask(_QUERY, message, call)
        problem = self._problem
        if problem is None or problem is self._problem_of_current or self._current is None:
            return answer
        return notices.add(bytes(answer), message, _LOAD_FAILED.format(problem))

    def _unary(self, path: str) -> Callable[[bytes, Call], Any]:
        async def answer(message: bytes, call: Call) -> Message:
            return await self._ask(path, message, call)

        return answer

    async def _ask(self, path: str, message: bytes, call: Call) -> Message:
        child = self._living()
        if child is None:
            handler = self._lost.unary.get(path) if self._lost else None
            if handler is None:
                raise CallError("the plugin's process is starting; try again in a moment", code="UNAVAILABLE")
            return await handler(message, call)
        return await child.caller.ask(path, message, call)

    def _stream(self, path: str) -> Stream:
        is_endless = METHODS[path] is CallKind.ENDLESS  # the process ends without waiting for such a stream

        async def answer(message: bytes, call: Call) -> AsyncIterator[Message]:
            child = self._living()
            if child is None:
                raise CallError("the plugin's process is starting; try again in a moment", code="UNAVAILABLE")
            async with contextlib.aclosing(child.caller.stream(path, message, call, is_endless=is_endless)) as parts:
                async for part in parts:
                    yield part

        return answer

    def _resource(self, child: Child, path: str) -> tuple[int, bytes]:
        """Request a resource of the runtime; return status and body, or status 0 if the process has ended."""

        async def ask() -> list[bytes]:
            return [bytes(part) async for part in child.caller.stream(_RESOURCE, request, Call(), is_endless=False)]

        request = wire.text(2, path) + wire.text(3, "GET") + wire.text(4, path)
        self._attached.wait()
        assert self._loop is not None  # noqa: S101  # set before the event
        try:
            parts = asyncio.run_coroutine_threadsafe(ask(), self._loop).result()
        except CallError:
            return 0, b""
        fields = [field for part in parts for field in wire.fields(part)]
        code = next((value for number, value in fields if number == 1 and isinstance(value, int)), 0)
        return code, b"".join(value for number, value in fields if number == _BODY and isinstance(value, bytes))

    def _living(self) -> Child | None:
        current = self._current
        return current if current is not None and current.status is None else None


def _precompile(source: Path) -> None:
    """Write the bytecode of all modules that the author does not edit; the processes do not write bytecode."""
    if sys.dont_write_bytecode:
        return
    import compileall  # noqa: PLC0415

    compileall.compile_dir(source / _STUBS, quiet=2)
