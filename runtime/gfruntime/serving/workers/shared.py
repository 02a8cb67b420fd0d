"""Large answers: the worker writes one into memory that the front process maps; the channel carries where it is.

Where the system has no such memory, or a process may not look at another's descriptors, answers go by the channel.
"""

from __future__ import annotations

import contextlib
import mmap
import os

LARGE = 256 * 1024
"""Bytes from which on it is worth it."""


def place(content: bytes | memoryview) -> int:
    """Copy an answer into memory of its own and return its descriptor; -1 where there is none."""
    try:
        descriptor = os.memfd_create("answer")
    except (AttributeError, OSError):  # not Linux, or too many open files
        return -1
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError:  # too little memory
        os.close(descriptor)
        return -1
    return descriptor


def fetch(pid: int, descriptor: int, size: int) -> memoryview:
    """Map an answer of a worker; it is there as long as the view is.

    Raises: OSError if it can't be reached.
    """
    own = os.open(f"/proc/{pid}/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return memoryview(mmap.mmap(own, size, access=mmap.ACCESS_READ))
    finally:
        os.close(own)


def can_fetch(pid: int) -> bool:
    """Tell whether the descriptors of a process can be reached; one of its own, 0, is always there."""
    with contextlib.suppress(OSError):
        os.close(os.open(f"/proc/{pid}/fd/0", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
        return hasattr(os, "memfd_create")
    return False
