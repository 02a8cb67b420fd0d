"""Keep grpcio serving if a method's name is not UTF-8.

grpcio's only serving task decodes the names of all calls, and ends for good if one can't be decoded, so any caller
could end the plugin. The task has no hook for this, but Python has a hook for decoding errors: only in this task, the
name gets a replacement character, and the call is answered like a call of an unknown method.
Source: grpc v1.85, src/python/grpcio/grpc/_cython/_cygrpc/aio/server.pyx.pxi, _server_main_loop.
"""

from __future__ import annotations

import asyncio
import codecs
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Iterable

_REPLACEMENT = "\ufffd"
_tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
_raise = codecs.lookup_error("strict")


def tolerate(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Let these tasks read invalid UTF-8; all other code still raises UnicodeDecodeError."""
    if not _tasks:
        codecs.register_error("strict", _replace_or_raise)
    _tasks.update(tasks)


def _replace_or_raise(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError) and _is_tolerant():
        return _REPLACEMENT, error.end
    return _raise(error)


def _is_tolerant() -> bool:
    """Tell whether one of the tasks runs in this thread now."""
    try:
        return asyncio.current_task() in _tasks
    except (RuntimeError, TypeError):  # no event loop or no task runs here
        return False
