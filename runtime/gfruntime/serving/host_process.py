"""The process that started the plugin, usually Grafana: its number, and whether it still runs.

On Windows two programs may be between the host and the plugin: the python.exe of a virtual environment, and the stub of
`gfplug dev`. They start the interpreter, and end when it ends. On Windows a process keeps its parent's number after the
parent has ended.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_POLL = 1.0
_ACCESS_DENIED, _INFINITE, _LONGEST = 5, 0xFFFFFFFF, 32768


def find() -> int:
    """Return the number of the host's process."""
    if sys.platform == "win32":
        environment = [sys.executable] if sys.prefix != sys.base_prefix else []
        stub = [word for word in sys.orig_argv[1:2] if word.lower().endswith(".exe")]
        return skip([*environment, *stub], os.getppid(), _program_and_parent)
    return os.getppid()


def skip(launchers: Iterable[str], pid: int, look: Callable[[int], tuple[str, int]]) -> int:
    """Skip these launchers, in this order, from a process to its ancestors; return the first other process.

    `look` returns a process's program and its parent's number.
    """
    for launcher in launchers:
        program, parent = look(pid)
        with contextlib.suppress(OSError):  # no such file
            pid = parent if os.path.samefile(program, launcher) else pid  # noqa: PTH121  # no pathlib before the line
    return pid


def is_alive(pid: int) -> bool:
    """Tell whether a process runs."""
    if sys.platform == "win32":  # on Windows a signal of 0 would end the process
        return not _ends_within(0, pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_host(pid: int) -> bool:
    """Tell whether the process from `find` still runs."""
    if sys.platform == "win32":
        return is_alive(pid)
    return os.getppid() == pid  # compare with the first parent, because Grafana may be process 1


def wait_for_end(pid: int) -> None:
    """Wait for the end of the process from `find`."""
    if sys.platform == "win32":
        _ends_within(_INFINITE, pid)
    elif hasattr(os, "pidfd_open") and pid > 0:
        with contextlib.suppress(OSError):  # an old kernel, or the process has ended: poll instead
            select.select([os.pidfd_open(pid)], [], [])
            return
    clock = threading.Event()
    while is_host(pid):
        clock.wait(_POLL)


def _ends_within(milliseconds: int, pid: int) -> bool:
    """Tell whether a Windows process ends in time; False if it can't be opened."""
    ctypes, kernel = _windows()
    synchronize = 0x00100000
    handle = kernel.OpenProcess(synchronize, 0, pid)
    if not handle:
        return bool(ctypes.get_last_error() != _ACCESS_DENIED)
    is_over = bool(kernel.WaitForSingleObject(handle, milliseconds) == 0)
    kernel.CloseHandle(handle)
    return is_over


def _program_and_parent(pid: int) -> tuple[str, int]:
    """Return the program and the parent of a Windows process; an empty path and 0 if it can't be opened."""
    ctypes, kernel = _windows()
    path, length = ctypes.create_unicode_buffer(_LONGEST), ctypes.c_uint32(_LONGEST)
    information = (ctypes.c_size_t * 6)()  # PROCESS_BASIC_INFORMATION, whose last field is the parent
    query_limited_information = 0x1000
    if handle := kernel.OpenProcess(query_limited_information, 0, pid):
        query = ctypes.WinDLL("ntdll").NtQueryInformationProcess
        query(ctypes.c_void_p(handle), 0, information, ctypes.sizeof(information), None)
        kernel.QueryFullProcessImageNameW(handle, 0, path, ctypes.byref(length))
        kernel.CloseHandle(handle)
    return path.value, information[5]


def _windows() -> tuple[Any, Any]:
    """Import ctypes, and load kernel32 with the types of the functions used here: a HANDLE is as wide as a pointer."""
    import ctypes  # noqa: PLC0415  # Windows only

    kernel = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined,unused-ignore]  # Windows
    number, pointer = ctypes.c_uint32, ctypes.c_void_p
    kernel.OpenProcess.restype, kernel.OpenProcess.argtypes = pointer, [number, number, number]
    kernel.WaitForSingleObject.argtypes = [pointer, number]
    kernel.QueryFullProcessImageNameW.argtypes = [pointer, number, pointer, pointer]
    kernel.CloseHandle.argtypes = [pointer]
    return ctypes, kernel
