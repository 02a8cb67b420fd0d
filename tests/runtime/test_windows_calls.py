"""Calls of Windows' libraries, with fakes in their place; tests/platforms/windows.py calls the real ones."""

from __future__ import annotations

import ctypes
import logging
import struct
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime.dev import job
from gfruntime.serving import host_process

if TYPE_CHECKING:
    from collections.abc import Callable

HANDLE, JOB, SELF = 0x1_0000_0004, 0x2_0000_0008, 0xFFFF_FFFF_FFFF_FFFF
ACCESS_DENIED, NO_SUCH_PROCESS, TIMEOUT = 5, 87, 258


class Function:
    """A function of a library: it records its calls, and checks their arguments as for 64-bit C."""

    def __init__(self, name: str, act: Callable[..., Any], calls: list[tuple[Any, ...]]) -> None:
        """Store the implementation."""
        self.restype: Any = ctypes.c_int
        self.argtypes: Any = None
        self._name, self._act, self._calls = name, act, calls

    def __call__(self, *arguments: Any) -> Any:
        """Refuse a handle that would be cut to 32 bits, in either direction."""
        self._calls.append((self._name, *arguments))
        if self.argtypes is None:
            assert not any(isinstance(argument, int) and argument >= 1 << 32 for argument in arguments)
        else:
            for kind, argument in zip(self.argtypes, arguments, strict=True):
                kind.from_param(argument)
                assert kind is ctypes.c_void_p or not isinstance(argument, int) or argument < 1 << 32
        result = self._act(*arguments)
        assert self.restype is ctypes.c_void_p or not isinstance(result, int) or result < 1 << 32
        return result


class Windows:
    """Fakes of kernel32 and ntdll; a test defines what each function does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replace both libraries."""
        self.calls: list[tuple[Any, ...]] = []
        self.acts: dict[str, Callable[..., Any]] = {"CloseHandle": lambda _handle: 1}
        self.error = 0
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr(ctypes, "WinDLL", self._load, raising=False)
        monkeypatch.setattr(ctypes, "get_last_error", lambda: self.error, raising=False)
        monkeypatch.setattr(ctypes, "WinError", lambda code: OSError(f"error {code}"), raising=False)

    def _load(self, _name: str, **_options: object) -> Any:
        return Library(self)

    def names(self) -> list[str]:
        """List the names of the called functions."""
        return [name for name, *_ in self.calls]


class Library:
    """One loaded library."""

    def __init__(self, windows: Windows) -> None:
        """Store the Windows object of the library."""
        self._windows = windows

    def __getattr__(self, name: str) -> Function:
        """Return a function, the same one on each access."""
        function = Function(name, self._windows.acts.get(name, lambda *_: pytest.fail(name)), self._windows.calls)
        setattr(self, name, function)
        return function


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    """Behave like Windows."""
    return Windows(monkeypatch)


@pytest.mark.parametrize(("result", "is_alive"), [(0, False), (TIMEOUT, True)])
def test_a_process_is_alive_while_its_handle_waits(windows: Windows, *, result: int, is_alive: bool) -> None:
    """A wait of 0 ms shows whether the process runs; the handle is closed."""
    windows.acts |= {"OpenProcess": lambda *_: HANDLE, "WaitForSingleObject": lambda *_: result}

    assert host_process.is_alive(7) is is_alive
    assert windows.calls[0][-1] == 7
    assert windows.calls[1:] == [("WaitForSingleObject", HANDLE, 0), ("CloseHandle", HANDLE)]


@pytest.mark.parametrize(("error", "is_alive"), [(NO_SUCH_PROCESS, False), (ACCESS_DENIED, True)])
def test_a_process_without_a_handle_is_judged_by_the_error(windows: Windows, *, error: int, is_alive: bool) -> None:
    """The process does not exist, or is another user's and runs."""
    windows.acts["OpenProcess"] = lambda *_: None
    windows.error = error

    assert host_process.is_alive(7) is is_alive
    assert windows.names() == ["OpenProcess"]


def test_a_host_that_may_not_be_waited_for_is_polled(windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    """The polling ends when Windows no longer knows the process."""
    errors = iter([ACCESS_DENIED, ACCESS_DENIED, NO_SUCH_PROCESS])

    def refuse(*_: object) -> None:
        windows.error = next(errors)

    windows.acts["OpenProcess"] = refuse
    monkeypatch.setattr(host_process, "_POLL", 0.01)
    host_process.wait_for_end(7)

    assert next(errors, None) is None


def test_a_process_names_its_program_and_parent(windows: Windows) -> None:
    """The program is a full path, the parent a field of PROCESS_BASIC_INFORMATION; an unknown process has neither."""

    def program(_handle: int, _flags: int, path: Any, _length: Any) -> int:
        path.value = "C:\\測試\\python.exe"
        return 1

    def query(_handle: Any, _what: int, information: Any, _size: int, _length: None) -> int:
        information[5] = 42
        return 0

    windows.acts |= {"OpenProcess": lambda *_: HANDLE, "QueryFullProcessImageNameW": program}
    windows.acts["NtQueryInformationProcess"] = query

    assert host_process._program_and_parent(7) == ("C:\\測試\\python.exe", 42)
    windows.acts["OpenProcess"] = lambda *_: None
    assert host_process._program_and_parent(7) == ("", 0)


def test_the_supervisor_is_in_a_job_that_ends_with_it(windows: Windows) -> None:
    """The job ends its processes once its last handle is closed, and holds the supervisor before it starts others."""
    limits = []

    def keep(_job: int, what: int, information: Any, size: int) -> int:
        limits.append((what, size, struct.unpack_from("<I", information, 16)[0]))
        return 1

    windows.acts |= {
        "CreateJobObjectW": lambda *_: JOB,
        "SetInformationJobObject": keep,
        "GetCurrentProcess": lambda: SELF,
        "AssignProcessToJobObject": lambda *_: 1,
    }
    job.bind_children()

    assert limits == [(9, 144, 0x2000)]
    assert windows.calls[-1] == ("AssignProcessToJobObject", JOB, SELF)


def test_a_refused_job_is_logged(windows: Windows, caplog: pytest.LogCaptureFixture) -> None:
    """If Windows does not let the supervisor into a job, it continues with a warning."""
    windows.acts |= {
        "CreateJobObjectW": lambda *_: JOB,
        "SetInformationJobObject": lambda *_: 1,
        "GetCurrentProcess": lambda: SELF,
        "AssignProcessToJobObject": lambda *_: 0,
    }
    windows.error = ACCESS_DENIED
    with caplog.at_level(logging.WARNING):
        job.bind_children()

    assert caplog.messages == ["processes of `gfplug dev` can keep running after it ends: error 5"]
