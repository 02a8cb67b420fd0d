"""Folders for sockets that no end of the process can leave behind for ever.

A process that is killed can't clean up. So each folder holds a file that its owner keeps locked, and the system unlocks
when the owner is gone: the next start finds the file unlocked and removes the folder. Nobody relies on process numbers,
which mean nothing between containers that share a folder.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_PREFIX = "plugin"  # go-plugin's word, and short: paths of sockets have a limit
_LOCK = "lock"


def make(parent: str) -> Path:
    """Make a folder that only this user can enter, and remove those of processes that are gone.

    Raises: OSError when it can't be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))  # mode 0700
    if sys.platform != "win32":  # where the sockets are TCP
        _remove_abandoned(Path(parent))
        draft = folder / "draft"
        descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until the process ends, however it ends
        draft.rename(folder / _LOCK)  # it is never there unlocked while we live
    return folder


def _remove_abandoned(parent: Path) -> None:
    try:
        found = [entry.path for entry in os.scandir(parent) if entry.name.startswith(_PREFIX)]
    except OSError:
        return
    for path in found:
        if _is_abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(path: str) -> bool:
    """Tell whether a folder's lock is free; one of another user, or one that is being made, is left alone."""
    if sys.platform == "win32":
        return False
    try:
        if os.stat(path).st_uid != os.getuid():  # noqa: PTH116  # as cheap as it gets: every start comes by
            return False
        descriptor = os.open(f"{path}/{_LOCK}", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
