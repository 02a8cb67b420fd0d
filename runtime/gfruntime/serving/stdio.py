"""The three standard descriptors, in the state that the protocol requires.

Descriptor 1 is only for the handshake line, and while a child process holds an inherited descriptor, Grafana still
waits for the plugin's end. So the real stdout and stderr are moved to private descriptors, and all output to 1 and 2
(`print`, C libraries, child processes) goes through pipes and becomes log lines: it can't corrupt the protocol, and
can't block.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import io

_MAX_LINE_BYTES = 16 * 1024
_PIPE = 64 * 1024


class Reserved(NamedTuple):
    """The real standard descriptors; no child process inherits them."""

    stdout: int
    stderr: int


def reserve() -> Reserved:
    """Move stdout and stderr to private descriptors; text that is written to 1 and 2 then becomes log lines."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        if descriptor == 0 or not _is_open(descriptor):
            os.dup2(null, descriptor)  # so that nothing reads Grafana's standard input
    os.close(null) if null > 2 else None  # noqa: PLR2004
    reserved = Reserved(os.dup(1), os.dup(2))
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _detach_child(reserved))
    _redirect(1, "stdout", logging.INFO)
    _redirect(2, "stderr", logging.WARNING)
    sys.stdout = _text(1)
    sys.stderr = _text(2)
    faulthandler.enable(reserved.stderr)  # a crash in C code can't use the log's thread
    return reserved


def lines(pending: bytes, chunk: bytes) -> tuple[list[bytes], bytes]:
    """Split bytes into complete lines and a rest; a line that is too long is returned in parts."""
    *whole, rest = (pending + chunk).split(b"\n")
    while len(rest) > _MAX_LINE_BYTES:
        whole.append(rest[:_MAX_LINE_BYTES])
        rest = rest[_MAX_LINE_BYTES:]
    return [line for line in whole if line.strip()], rest


def _detach_child(reserved: Reserved) -> None:
    """Detach a forked child from the host's pipes: its output goes through this process's pipes."""
    for descriptor in (reserved.stdout, reserved.stderr):
        os.dup2(2, descriptor, inheritable=False)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _text(descriptor: int) -> io.TextIOWrapper:
    """Reopen a descriptor: the old object may treat it as a file, or may be closed."""
    return open(  # open as long as the process runs
        descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


def _redirect(descriptor: int, name: str, level: int) -> None:
    reader, writer = os.pipe()
    os.dup2(writer, descriptor)
    os.close(writer)
    threading.Thread(target=_pump, args=(reader, name, level), name=f"{name} reader", daemon=True).start()


def _pump(reader: int, name: str, level: int) -> None:
    logger = logging.getLogger(name)
    pending = b""
    while chunk := os.read(reader, _PIPE):
        whole, pending = lines(pending, chunk)
        for line in whole:
            logger.log(level, "%s", line.decode("utf-8", "replace").rstrip())
