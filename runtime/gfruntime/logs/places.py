"""The place where the author's code runs or failed: file, line and function of its innermost frame.

A frame is the author's if its module is in the package `plugin`. Without such a frame, the author's frames are those of
modules outside Python, installed packages and this library.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import itertools
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType, TracebackType

    Spot: TypeAlias = tuple[FrameType, int]
    """A frame, and its line."""

_PACKAGE = "plugin"  # its name in every project
_OURS = ("gfruntime", "pluginv2", "__main__")
_INSTALLED = ("site-packages", "dist-packages")
_MAX_TASK_DEPTH = 5  # tasks that wait for one another
_MAX_PLACES = 5  # places in a message
_MAX_FRAMES = 200  # the most frames of a thread
_AWAITED = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))

_collection = threading.Lock()  # only one thread at a time turns the garbage collection off and on
_current: contextvars.ContextVar[CallRuns | None] = contextvars.ContextVar("gfruntime_runs", default=None)


class RunningCode:
    """A thread, or a task of its loop, in which the author's code may run."""

    def __init__(self) -> None:
        """Store the current thread and task."""
        self._thread = threading.get_ident()
        try:
            self._task = asyncio.current_task()
        except RuntimeError:  # no event loop runs here
            self._task = None

    def stacks(self) -> list[list[Spot]]:
        """List the frames, the innermost first; several lists if a task waits for other tasks."""
        coroutine: Any = self._task.get_coro() if self._task is not None else None
        if self._task is None or getattr(coroutine, "cr_running", False):
            frame = frames_of_threads().get(self._thread)
            return [] if frame is None else [frames_below(frame)]
        return _stacks(self._task, _MAX_TASK_DEPTH)


class CallRuns:
    """The threads and tasks in which the author's code of one call runs."""

    def __init__(self) -> None:
        """Start without threads and tasks."""
        self._runs: list[RunningCode] = []
        self.place = ""

    def begin(self) -> RunningCode:
        """Remember the current thread or task."""
        run = RunningCode()
        self._runs.append(run)
        return run

    def end(self, run: RunningCode) -> None:
        """Forget a thread or task."""
        self._runs.remove(run)

    def store_places(self) -> None:
        """Store the places of the threads and tasks, before a cancellation changes them."""
        if self.place:
            return
        with contextlib.suppress(Exception):  # other threads change at the same time; a call must always end
            places = dict.fromkeys(_words(stack) for run in list(self._runs) for stack in run.stacks())
            self.place = "; ".join([place for place in places if place][:_MAX_PLACES])


def start() -> CallRuns:
    """Start a call in this context."""
    runs = CallRuns()
    _current.set(runs)
    return runs


def current() -> CallRuns | None:
    """Return the runs of the current call; None outside of a call."""
    return _current.get()


def place_of_error(error: BaseException) -> str:
    """Describe the place that raised an exception; empty if no frame is the author's."""
    return _words([(frame, line) for frame, line in traceback.walk_tb(error.__traceback__)][::-1])


def place_of_thread(name: str) -> str:
    """Describe where a thread runs; empty if it does not exist or none of its frames is the author's."""
    frames = frames_of_threads()
    stacks = [frames[each.ident] for each in threading.enumerate() if each.name == name and each.ident in frames]
    return next((_words(frames_below(frame)) for frame in stacks), "")


def skip_own_frames(trace: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the first frame that is not this library's; the whole traceback if every frame is."""
    entry = trace
    while entry is not None and _package(entry.tb_frame) in _OURS[:1]:
        entry = entry.tb_next
    return entry or trace


def frames_of_threads() -> dict[int, FrameType]:
    """Return the innermost frame of each thread, by the thread's number.

    A garbage collection here would run code while the interpreter holds a lock. A thread that ends waits for this lock,
    and Python 3.11 then deadlocks. Source: github.com/python/cpython, issue 106883.
    """
    with _without_collection():
        return sys._current_frames()  # noqa: SLF001  # the documented way


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    with _collection:
        is_on = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if is_on:
                gc.enable()


def frames_below(frame: FrameType) -> list[Spot]:
    """List a frame of another thread and its callers, the innermost first, at most `_MAX_FRAMES`.

    It must not release the interpreter lock: otherwise the other thread continues, and a generator that yields leaves a
    link to its caller's freed frame, which crashes Python 3.11.
    Source: github.com/python/cpython, issues 99110 and 111363.
    """
    frames: list[FrameType | None] = []
    with _without_collection(), contextlib.suppress(AttributeError):  # the outermost frame has no caller
        frames.extend(itertools.accumulate(itertools.repeat("f_back", _MAX_FRAMES), getattr, initial=frame))
    return [(each, each.f_lineno or 0) for each in frames if each is not None]


def _stacks(task: asyncio.Task[Any], depth: int) -> list[list[Spot]]:
    """List the frames of a task, below those of each task that it waits for."""
    spots = list(reversed(_coroutine_frames(task.get_coro())))
    children = [each for each in _children(task, spots) if not each.done() and each is not task] if depth else []
    return [[*inner, *spots] for each in children for inner in _stacks(each, depth - 1)] or [spots]


def _children(task: asyncio.Task[Any], spots: list[Spot]) -> list[asyncio.Task[Any]]:
    """List the tasks that a task waits for: another task, or tasks in `gather`, a TaskGroup, `wait` and `wait_for`."""
    waiter = getattr(task, "_fut_waiter", None)
    values = [waiter, *getattr(waiter, "_children", ())]
    if spots and _package(spots[0][0]) == "asyncio":
        for value in list(spots[0][0].f_locals.values()):
            tasks = getattr(value, "_tasks", value)
            values += tasks if isinstance(tasks, (set, list, tuple)) else [tasks]
    return list(dict.fromkeys(each for each in values if isinstance(each, asyncio.Task)))


def _coroutine_frames(coroutine: Any) -> list[Spot]:  # noqa: ANN401  # whatever is awaited
    """List the frames of a coroutine and of the object that it awaits, the innermost last."""
    spots: list[Spot] = []
    while coroutine is not None:
        frame_name, next_name = next((pair for pair in _AWAITED if hasattr(coroutine, pair[0])), ("", ""))
        if not frame_name:  # an async generator's item has a frame, but no attribute for it
            coroutine = next((each for each in gc.get_referents(coroutine) if hasattr(each, "ag_frame")), None)
            continue
        frame = getattr(coroutine, frame_name)
        spots += [] if frame is None else [(frame, frame.f_lineno)]
        coroutine = getattr(coroutine, next_name)
    return spots


def _words(spots: Sequence[Spot]) -> str:
    """Describe the author's innermost frame; `spots` begins with the innermost frame."""
    for is_own in (_is_in_package, _is_elsewhere):
        for frame, line in spots:
            if is_own(frame):
                code = frame.f_code
                return f"{_file(frame)}, line {line}, in {getattr(code, 'co_qualname', code.co_name)}"
    return ""


def _is_in_package(frame: FrameType) -> bool:
    return _package(frame) == _PACKAGE


def _is_elsewhere(frame: FrameType) -> bool:
    parts = _parts(frame)
    is_frozen = frame.f_code.co_filename.startswith("<")
    return not (
        is_frozen or _package(frame) in _OURS or _is_pythons(frame) or any(each in parts for each in _INSTALLED)
    )


def _is_pythons(frame: FrameType) -> bool:
    return _package(frame) in sys.stdlib_module_names


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _file(frame: FrameType) -> str:
    """Return a file's path relative to the parent of its package, the same in a bundle and from source."""
    parts = _parts(frame)
    depth = str(frame.f_globals.get("__name__", "")).count(".") + 1 + (parts[-1] == "__init__.py")
    return "/".join(parts[-depth:])


def _parts(frame: FrameType) -> list[str]:
    return frame.f_code.co_filename.replace("\\", "/").split("/")
