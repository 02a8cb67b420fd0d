"""A lock between processes that ends with the process that holds it, however that ends."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUSY = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_TRIES = 3  # a holder removes the file when it ends, perhaps between our opening and our taking it


@contextmanager
def held(path: Path, *, what: str) -> Iterator[None]:
    """Hold the lock at a path for a block; the file goes with the lock.

    Raises: ProjectError if another process holds it, saying `what` is running.
    """
    for _ in range(_TRIES):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            if take(stream) and _is_there(path, stream):  # else its last holder has just removed it
                try:
                    yield
                finally:
                    with suppress(OSError):  # Windows removes no open file
                        path.unlink()
                return
    raise ProjectError(f"another {what} is running", hint="wait for its end")


def _is_there(path: Path, stream: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def take(lock: IO[bytes]) -> bool:
        """Take a lock that ends with this process, or say that another has it."""
        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            return error.errno not in _BUSY
        return True

else:
    import fcntl

    def take(lock: IO[bytes]) -> bool:
        """Take a lock that ends with this process, or say that another has it."""
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno not in _BUSY  # a file system without locks is no reason not to go on
        return True
