"""Large answers in shared memory: the worker writes an answer into memory that the front process maps.

If the system has no such memory, or a process can't open another process's descriptors, answers go through the channel.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys

LARGE = 256 * 1024
"""The size from which shared memory is faster."""


def place(content: bytes | memoryview) -> int:
    """Copy an answer into its own memory and return its descriptor; -1 if no such memory is available."""
    if sys.platform != "linux":
        return -1
    try:
        descriptor = os.memfd_create("answer")
    except OSError:  # too many open files
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
    """Map a worker's answer; the memory exists as long as the view.

    Raises: OSError if it can't be opened.
    """
    own = os.open(f"/proc/{pid}/fd/{descriptor}", os.O_RDONLY)
    try:
        return memoryview(mmap.mmap(own, size, access=mmap.ACCESS_READ))
    finally:
        os.close(own)


def can_fetch(pid: int) -> bool:
    """Tell whether the descriptors of a process can be opened; descriptor 0 always exists."""
    if sys.platform == "linux":  # Windows does not have the flags
        with contextlib.suppress(OSError):
            os.close(os.open(f"/proc/{pid}/fd/0", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
            return hasattr(os, "memfd_create")
    return False
