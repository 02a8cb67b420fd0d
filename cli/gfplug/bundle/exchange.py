"""Replace the old bundle with a new one atomically."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
import time
from typing import TYPE_CHECKING

from gfplug.bundle.dist import Bundle
from gfplug.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

_SCAN_SECONDS = 3.0
_UNCHANGED = "the old bundle is unchanged"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def install(bundle: Bundle, place: Path, *, aside: Path) -> Bundle:
    """Move a bundle to `place`; the old bundle, if any, moves to the new one's former path, or to `aside`.

    On Linux the two are exchanged in one step. Elsewhere `place` does not exist for a moment: after a crash in this
    moment, `recover` restores the old bundle.
    Raises: ToolError if a file is locked, as on Windows while the plugin runs; the old bundle is then unchanged.
    """
    new, problem = bundle.folder, f"the new bundle cannot be moved to {place}"
    hint = "try again: perhaps a virus scanner is still reading its files"
    if not place.exists():
        _rename(new, place, problem, hint=hint)
    elif not _exchange(new, place):
        stop = f"{_UNCHANGED}; stop Grafana, or the program that runs the plugin, and try again"
        _rename(place, aside, f"{place} is in use", hint=stop)
        try:
            _rename(new, place, problem, hint=f"{_UNCHANGED}; {hint}")
        except BaseException:
            aside.rename(place)
            raise
    return Bundle(place, place / bundle.executable.name)


def _rename(source: Path, target: Path, problem: str, *, hint: str) -> None:
    """Rename a folder; on Windows, try again for a while, because virus scanners open new files.

    Raises: ToolError with the problem and the hint if a file of the folder stays open.
    """
    end = time.monotonic() + (_SCAN_SECONDS if sys.platform == "win32" else 0)
    while True:
        try:
            source.rename(target)
        except PermissionError as error:
            if time.monotonic() < end:
                time.sleep(_SCAN_SECONDS / 20)
            elif sys.platform == "win32":
                reason = f"a program has one of its files open ({error.strerror})"
                raise ToolError(f"{problem}: {reason}", hint=hint) from error
            else:
                raise
        else:
            return


def recover(place: Path, *, aside: Path) -> None:
    """Restore the old bundle if a build was killed between the two renames of `install`."""
    if aside.exists() and not place.exists():
        aside.rename(place)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; return False if the system has no such call."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL}:  # an old kernel, or a file system without this call
        return False
    raise OSError(code, os.strerror(code), str(other))
