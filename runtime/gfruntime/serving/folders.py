"""Folders for sockets that no end of the process can leave behind for ever.

A process that is killed can't clean up. So each folder holds a file that its owner keeps locked, and the system unlocks
when the owner is gone: the next start finds the file unlocked and removes the folder. Nobody relies on process numbers,
which mean nothing between containers that share a folder. Paths are texts here: to import pathlib, shutil and tempfile
takes a tenth of the time to the handshake.
"""

from __future__ import annotations

import os
import sys

if sys.platform != "win32":
    import fcntl

_PREFIX = "plugin"  # go-plugin's word, and short: paths of sockets have a limit
_LOCK = "lock"


def make(parent: str) -> str:
    """Make a folder that only this user can enter, and remove those of processes that are gone.

    Raises: OSError when it can't be made.
    """
    folder = f"{os.path.abspath(parent)}/{_PREFIX}{os.urandom(4).hex()}"
    os.mkdir(folder, 0o700)
    if sys.platform != "win32":  # where the sockets are TCP
        _remove_abandoned(parent)
        try:
            _lock(folder)
        except OSError:  # a full disk
            remove(folder)
            raise
    return folder


def remove(folder: str) -> None:
    """Remove a folder with all that lies in it, as far as that can be done."""
    import shutil  # noqa: PLC0415  # a start seldom needs it

    shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: str) -> None:
    if sys.platform != "win32":  # for mypy: there is no fcntl there
        draft = f"{folder}/draft"
        descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held until the process ends, however it ends
        os.rename(draft, f"{folder}/{_LOCK}")  # it is never there unlocked while we live


def _remove_abandoned(parent: str) -> None:
    try:
        folders = [entry.path for entry in os.scandir(parent) if entry.name.startswith(_PREFIX)]
    except OSError:
        return
    for path in folders:
        if _is_abandoned(path):
            remove(path)


def _is_abandoned(path: str) -> bool:
    """Tell whether a folder's lock is free; one of another user, or one that is being made, is left alone."""
    if sys.platform == "win32":
        return False
    try:
        if os.stat(path).st_uid != os.getuid():
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
