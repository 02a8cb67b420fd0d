"""Compile parts that a Windows CPython under Wine lacks with zig, a C compiler that is a Python package."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TARGET = "x86_64-windows-gnu"
_SECONDS = 1800


class ProgramError(Exception):
    """A program failed; the message has its last lines."""


class Zig:
    """A Linux environment with zig in it."""

    def __init__(self, folder: Path) -> None:
        """Set the folder of the environment."""
        self._folder = folder
        self.python = folder / "bin" / "python"

    def install(self) -> None:
        """Make the environment, if it is missing."""
        ready = self._folder / "ready"
        if not ready.is_file():
            run([sys.executable, "-m", "venv", "--clear", str(self._folder)])
            run([str(self.python), "-m", "pip", "install", "-q", "ziglang"])
            ready.touch()

    def compile(self, *arguments: str | Path) -> None:
        """Compile for Windows."""
        run([str(self.python), "-m", "ziglang", "cc", "-target", _TARGET, "-O2", *map(str, arguments)])

    def forward(self, library: Path, target: Path, *, scratch: Path) -> None:
        """Make a DLL that forwards all names to another one."""
        lines = [f"  {name}={library.stem}.{name}" for name in exported_names(library.read_bytes())]
        definition, empty = scratch / f"{target.stem}.def", scratch / "empty.c"
        definition.write_text("\n".join([f"LIBRARY {target.stem}", "EXPORTS", *lines, ""]), encoding="ascii")
        empty.write_text("int DllMain(void *a, unsigned b, void *c) { return 1; }\n", encoding="ascii")
        self.compile("-shared", empty, definition, "-o", target)


def exported_names(image: bytes) -> list[str]:
    """List the names that a DLL exports.

    Source: Microsoft's PE format: the export directory table is the first data directory of a PE32+ image.
    """
    at: int = struct.unpack_from("<I", image, 0x3C)[0]
    sections, size = struct.unpack_from("<H12xH", image, at + 6)
    (directory,) = struct.unpack_from("<I", image, at + 24 + 112)
    headers = [struct.unpack_from("<8x4I", image, at + 24 + size + 40 * number) for number in range(sections)]

    def offset(address: int) -> int:
        start, raw = next((start, raw) for length, start, _, raw in headers if start <= address < start + length)
        return address - int(start) + int(raw)

    count, _, names = struct.unpack_from("<3I", image, offset(directory) + 24)
    addresses = struct.unpack_from(f"<{count}I", image, offset(names))
    starts = [offset(address) for address in addresses]
    return [image[start : image.index(b"\0", start)].decode("ascii") for start in starts]


def run(command: Sequence[str], *, environment: dict[str, str] | None = None, folder: Path | None = None) -> None:
    """Run a program to its end, with pipes for its streams.

    Raises: ProgramError with the last lines if it fails.
    """
    pipe = subprocess.PIPE
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        input=b"",
        stdout=pipe,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = done.stdout.decode(errors="replace").splitlines()[-15:]
        raise ProgramError("\n".join([f"{command[0]} ended with status {done.returncode}:", *lines]))
