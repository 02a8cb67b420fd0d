"""A lock between processes that is released when its process ends for any reason."""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNSUPPORTED = {errno.ENOLCK, errno.EOPNOTSUPP}  # on a file system without locks, continue without one


@contextmanager
def hold(path: Path, *, what: str) -> Iterator[None]:
    """Hold the lock at a path during a block, without waiting for the lock; its file is removed with it.

    Raises: ProjectError that names `what` if another process holds it; OSError if the path is a link or can't be
    written.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - 40 ms, and few commands lock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise ProjectError(f"another {what} is running", hint="wait until it ends, then try again") from error
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
    try:
        yield
    finally:
        with suppress(OSError):  # Windows can't remove an open file
            path.unlink()
        lock.release()
