"""The system resources that a plugin needs to run: threads, open files, address space. See docs/limits.md.

If a resource is short, grpcio crashes the process, sometimes after many seconds. So the resources are tested before
grpcio is imported, and an error names the limit. If a resource is short later, only the call that needs it fails.
"""

from __future__ import annotations

import _thread
import contextlib
import errno
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_THREADS = 16  # the threads of gfruntime, and those of grpcio that do not depend on the processors
_FILES = 28
_ADDRESSES = 512 << 20  # includes grpcio, pyarrow and two arenas
_PRIVATE = 288 << 20  # the private part of these
_PYTHON = 64 << 20  # the present size of Python
_ARENA_MAX, _ARENAS = -8, 2  # glibc's mallopt; each arena takes 64 MiB of addresses
_MIB = 1 << 20
_END_SECONDS = 0.1  # seconds for threads to end
_IN_BYTES = ("ulimit -v", "ulimit -d")
_WORDS = {
    "failed to map segment": "memory",
    "cannot allocate memory": "memory",
    "out of memory": "memory",
    "can't start new thread": "threads",
    "too many open files": "files",
    "cannot open shared object file: error 24": "files",
}
_ERRNOS = {errno.ENOMEM: "memory", errno.EMFILE: "files", errno.ENFILE: "files"}
_LIMITS: dict[str, tuple[str, dict[str, str], str]] = {
    "memory": ("too little memory", {"RLIMIT_AS": "ulimit -v", "RLIMIT_DATA": "ulimit -d"}, "memory.max"),
    "threads": ("too few threads", {"RLIMIT_NPROC": "ulimit -u", "RLIMIT_AS": "ulimit -v"}, "pids.max"),
    "files": ("too few open files", {"RLIMIT_NOFILE": "ulimit -n"}, ""),
}
"""For each resource: the error, the limits of the process that may be the reason, and the container's limit file."""


def find_shortage() -> str:
    """Test the needed resources, and return an error that names the limit that is too low; empty if all suffice."""
    if not _can_open_files():
        return _sentence("files", f"a plugin needs {_FILES + 3}")
    if not _can_map_addresses():
        needs = [(each + _PYTHON) // _MIB for each in (_ADDRESSES, _PRIVATE)]
        return _sentence("memory", f"a plugin needs about {needs[0]} MiB of address space, and {needs[1]} MiB of data")
    threads = _THREADS + min(max(os.cpu_count() or 1, 2), 16)
    if not _can_start_threads(threads):
        return _sentence("threads", f"a plugin needs {threads + 1} on this machine")
    return ""


def shortage_behind(error: BaseException) -> str:
    """Return an error that names the limit that caused an exception; empty if no limit did."""
    for link in _chain(error):
        text = str(link).lower()
        kind = "memory" if isinstance(link, MemoryError) else ""
        if isinstance(link, OSError):
            kind = _ERRNOS.get(link.errno or 0, "")
        if isinstance(link, (ImportError, RuntimeError)):
            kind = next((kind for words, kind in _WORDS.items() if words in text), "")
        if kind:
            return _sentence(kind, f"{type(link).__name__}: {link}")
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    ids: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in ids:
        ids.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _sentence(kind: str, reason: str) -> str:
    subject, of_process, of_container = _LIMITS[kind]
    limits = " and ".join([*_process_limits(of_process), *_container_limit(of_container)])
    return f"{subject}: the limit is {limits}; {reason}" if limits else f"{subject}: {reason}"


def _process_limits(names: dict[str, str]) -> Iterator[str]:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # seldom needed

    for name, command in names.items():
        number = resource.getrlimit(getattr(resource, name))[0]
        if number != resource.RLIM_INFINITY:
            yield f"{number // _MIB} MiB ({command})" if command in _IN_BYTES else f"{number} ({command})"


def _container_limit(name: str) -> Iterator[str]:
    """Read a limit of the container, whose group is the root group in it; only Linux has cgroups."""
    from pathlib import Path  # noqa: PLC0415  # seldom needed

    file = Path("/sys/fs/cgroup", name)
    with contextlib.suppress(OSError, ValueError):
        number = int(file.read_text(encoding="ascii"))  # "max": ValueError
        yield f"{number if name == 'pids.max' else f'{number // _MIB} MiB'} (the container's {name})"


def _can_open_files() -> bool:
    opened: list[int] = []
    try:
        opened.append(os.open(os.devnull, os.O_RDONLY))
        opened += (os.dup(opened[0]) for _ in range(_FILES - 1))
    except OSError as error:
        return error.errno not in (errno.EMFILE, errno.ENFILE)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True


def _can_map_addresses() -> bool:
    """Test mappings if the address space is limited, and then limit malloc's arenas."""
    if not sys.platform.startswith("linux"):
        return True
    import resource  # noqa: PLC0415  # not on Windows

    needs = {resource.RLIMIT_AS: _ADDRESSES, resource.RLIMIT_DATA: _PRIVATE}
    sizes = [size for limit, size in needs.items() if resource.getrlimit(limit)[0] != resource.RLIM_INFINITY]
    if not sizes:
        return True
    import ctypes  # noqa: PLC0415  # seldom needed
    import mmap  # noqa: PLC0415  # seldom needed

    try:
        mmap.mmap(-1, max(sizes), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError:
        return False
    with contextlib.suppress(AttributeError, OSError):  # another libc
        ctypes.CDLL(None).mallopt(_ARENA_MAX, _ARENAS)
    return True


def _can_start_threads(count: int) -> bool:
    """Start `count` threads at once, and wait for their end: the plugin's threads then replace them."""
    gate, ended, started = _thread.allocate_lock(), list[None](), 0

    def wait() -> None:
        with gate:
            ended.append(None)

    with gate:
        try:
            while started < count:
                _thread.start_new_thread(wait, ())
                started += 1
        except RuntimeError:
            return False
    end = time.monotonic() + _END_SECONDS
    while len(ended) < started and time.monotonic() < end:
        time.sleep(0.0001)
    return True
