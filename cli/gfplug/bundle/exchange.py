"""How a new bundle takes the place of the old one, whole."""

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
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def install(bundle: Bundle, place: Path, *, aside: Path) -> Bundle:
    """Make a bundle the one at `place`; the old one, if any, ends up where the new one was, or at `aside`.

    On Linux the two change places in one step. Elsewhere there is an instant without either: `recover` mends it.
    Raises: ToolError if a running plugin's files are locked, as on Windows; the old bundle is whole then.
    """
    new = bundle.folder
    if not place.exists():
        _rename(new, place)
    elif not _exchange(new, place):
        try:
            _rename(place, aside)
        except PermissionError as error:
            if sys.platform != "win32":
                raise
            raise ToolError(
                f"{place} is in use: a program has one of its files open ({error.strerror})",
                hint="the old bundle is as it was; stop Grafana, or what else runs the plugin, and repeat the command",
            ) from error
        try:
            _rename(new, place)
        except BaseException:
            aside.rename(place)
            raise
    return Bundle(place, place / bundle.executable.name)


def _rename(source: Path, target: Path) -> None:
    """Rename a folder; on Windows, try again for a while: virus scanners hold files that are new."""
    end = time.monotonic() + (_SCAN_SECONDS if sys.platform == "win32" else 0)
    while True:
        try:
            source.rename(target)
        except PermissionError:
            if time.monotonic() >= end:
                raise
            time.sleep(_SCAN_SECONDS / 20)
        else:
            return


def recover(place: Path, *, aside: Path) -> None:
    """Put the old bundle back if a build was killed between the two renames of `install`."""
    if aside.exists() and not place.exists():
        aside.rename(place)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system has no such call."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL}:  # an old kernel, or a file system that cannot
        return False
    raise OSError(code, os.strerror(code), str(other))
