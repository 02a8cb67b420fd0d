"""The processes of this machine, and those that a journey started. Linux, macOS and Windows; standard library only.

A process is the journey's own if another of its processes started it, or if its command line names the journey's
folder. A plain difference of two lists would also contain processes that others start at the same time.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Collection

PROC = Path("/proc")
_PAUSE_S = 0.1
HARD = getattr(signal, "SIGKILL", signal.SIGTERM)
"""The signal that no process can handle; on Windows SIGTERM is such a signal."""


@dataclass(frozen=True)
class Process:
    """One process; `command` is its command line, on Windows the name of its program."""

    pid: int
    parent: int
    command: str


class Family:
    """The journey's processes that started after this object."""

    def __init__(self, folder: Path) -> None:
        """Record the running processes; `folder` is the journey's folder."""
        self._folder = str(folder)
        self._before = {process.pid for process in running()}
        self._own = {os.getpid()}

    def members(self) -> list[Process]:
        """List the running processes, and store them: a child whose parent has ended is still found.

        Call this method while parents run.
        """
        new = [process for process in running() if process.pid not in self._before]
        size = 0
        while size != len(self._own):
            size = len(self._own)
            self._own |= {each.pid for each in new if each.parent in self._own or self._folder in each.command}
        return [process for process in new if process.pid in self._own]

    def wait_for_end(self, *, within_s: float, besides: Collection[int] = ()) -> tuple[list[Process], float]:
        """Wait until no process except `besides` runs; return the remaining ones, and the seconds of the wait."""
        begin = time.monotonic()
        while True:
            remaining = [process for process in self.members() if process.pid not in besides]
            seconds = time.monotonic() - begin
            if not remaining or seconds > within_s:
                return remaining, seconds
            time.sleep(_PAUSE_S)

    def end(self) -> list[Process]:
        """End the running processes, each by its number, so that the next step starts with none; return them."""
        remaining = self.members()
        for process in remaining:
            try:
                os.kill(process.pid, HARD)
            except OSError:
                continue  # the process has ended since
        return remaining


def running() -> list[Process]:
    """List all processes except zombies."""
    if sys.platform == "win32":
        return _toolhelp()
    return _proc() if PROC.joinpath("self", "stat").exists() else _ps()


def _proc() -> list[Process]:
    processes = []
    for folder in PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        except OSError:
            continue  # the process has ended since
        if state not in "ZX":
            processes.append(Process(int(folder.name), int(parent), b" ".join(words).decode(errors="replace")))
    return processes


def _ps() -> list[Process]:
    command = ["ps", "-A", "-ww", "-o", "pid=,ppid=,state=,command="]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as ps:
        text, own = ps.communicate(timeout=30)[0], ps.pid
    rows = [line.split(None, 3) for line in text.splitlines()]
    return [
        Process(int(row[0]), int(row[1]), row[3])
        for row in rows
        if len(row) == 4 and not row[2].startswith("Z") and int(row[0]) != own
    ]


if sys.platform == "win32":
    from ctypes import wintypes

    _SNAPSHOT_OF_PROCESSES = 2

    class _Entry(ctypes.Structure):
        """PROCESSENTRY32W of tlhelp32.h."""

        _fields_: ClassVar = [
            ("size", wintypes.DWORD),
            ("usage", wintypes.DWORD),
            ("pid", wintypes.DWORD),
            ("heap", ctypes.c_size_t),
            ("module", wintypes.DWORD),
            ("threads", wintypes.DWORD),
            ("parent", wintypes.DWORD),
            ("priority", wintypes.LONG),
            ("flags", wintypes.DWORD),
            ("program", wintypes.WCHAR * 260),
        ]


def _toolhelp() -> list[Process]:
    processes: list[Process] = []
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
        kernel.CreateToolhelp32Snapshot.argtypes = [wintypes.DWORD, wintypes.DWORD]
        for read in (kernel.Process32FirstW, kernel.Process32NextW):
            read.argtypes = [wintypes.HANDLE, ctypes.POINTER(_Entry)]
        kernel.CloseHandle.argtypes = [wintypes.HANDLE]
        snapshot = kernel.CreateToolhelp32Snapshot(_SNAPSHOT_OF_PROCESSES, 0)
        if snapshot == wintypes.HANDLE(-1).value:
            raise ctypes.WinError(ctypes.get_last_error())
        entry = _Entry(size=ctypes.sizeof(_Entry))
        more = kernel.Process32FirstW(snapshot, ctypes.byref(entry))
        while more:
            processes.append(Process(entry.pid, entry.parent, entry.program))
            more = kernel.Process32NextW(snapshot, ctypes.byref(entry))
        kernel.CloseHandle(snapshot)
    return processes
