"""Keep freed memory for the next large answer, because mapping new pages costs more than encoding a frame."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's mallopt parameters
_MIB = 1 << 20


def tune() -> None:
    """Raise glibc's thresholds (no effect elsewhere); call it before pyarrow is imported."""
    os.environ.setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")  # otherwise pyarrow's first bytes take 4 MB of huge pages
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another libc
        return
    mallopt(_MMAP_THRESHOLD, 32 * _MIB)  # the highest that glibc accepts
    mallopt(_TRIM_THRESHOLD, 128 * _MIB)
