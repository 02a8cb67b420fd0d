"""Folders for sockets, which are removed even if a process is killed.

A killed process can't clean up. So each folder has a file that its owner keeps locked, and the system unlocks it when
the owner ends: the next start finds the file unlocked and removes the folder. Process numbers are not used, because
containers that share a folder do not share process numbers. Paths are strings here: importing pathlib, shutil and
tempfile would take a tenth of the time to the handshake.
"""

from __future__ import annotations

import os
import sys

if sys.platform != "win32":
    import fcntl

_PREFIX = "plugin"  # go-plugin's prefix, and short: paths of sockets have a limit
_LOCK = "lock"


def make(parent: str) -> str:
    """Create a folder that only this user can enter, and remove the folders of ended processes.

    Raises: OSError if it can't be created.
    """
    folder = f"{os.path.abspath(parent)}/{_PREFIX}{os.urandom(4).hex()}"
    os.mkdir(folder, 0o700)
    if sys.platform != "win32":  # on Windows the sockets are TCP
        _remove_abandoned(parent)
        try:
            _lock(folder)
        except OSError:  # a full disk
            remove(folder)
            raise
    return folder


def remove(folder: str) -> None:
    """Remove a folder with all its files, as far as possible."""
    import shutil  # noqa: PLC0415  # a start seldom needs it

    shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: str) -> None:
    draft = f"{folder}/draft"
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY, 0o600)
    _take(descriptor)  # locked until the process ends, for any reason
    os.rename(draft, f"{folder}/{_LOCK}")  # the lock file gets its final name after it is locked


def _take(descriptor: int) -> None:
    """Lock a file.

    Raises: OSError if another process has locked it.
    """
    if sys.platform != "win32":  # for mypy: Windows has no fcntl
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _remove_abandoned(parent: str) -> None:
    try:
        folders = [entry.path for entry in os.scandir(parent) if entry.name.startswith(_PREFIX)]
    except OSError:
        return
    for path in folders:
        if _is_abandoned(path):
            remove(path)


def _is_abandoned(path: str) -> bool:
    """Tell whether a folder's lock is free; False for another user's folder, or a folder that is being created."""
    if sys.platform == "win32":
        return False
    try:
        if os.stat(path).st_uid != os.getuid():
            return False
        descriptor = os.open(f"{path}/{_LOCK}", os.O_WRONLY)
    except OSError:
        return False
    try:
        _take(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
