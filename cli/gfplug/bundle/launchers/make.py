"""Compile launcher.c for every machine: run by gfplug's maintainers after a change of the source, never by users.

    python -m pip install ziglang==0.17.0
    python cli/gfplug/bundle/launchers/make.py

Zig's C compiler serves all targets from any machine, and the same version gives the same bytes. A test compares the
digest of the source with the digest in this folder.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = {"linux_amd64": "x86_64-linux-musl", "linux_arm64": "aarch64-linux-musl"}
OPTIONS = [
    *("-Os", "-static", "-nostdlib", "-ffreestanding", "-fno-pie", "-no-pie", "-s", "-Wall", "-Wextra", "-Werror"),
    *("-fno-stack-protector", "-fno-sanitize=all", "-fno-asynchronous-unwind-tables"),
    *("-Wl,--build-id=none", "-Wl,-z,max-page-size=65536"),
]


def compile_launcher(target: str) -> bytes:
    """Compile the launcher for one of Zig's targets."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "launcher"
        command = [sys.executable, "-m", "ziglang", "cc", "-target", target, *OPTIONS, "-o", str(output)]
        subprocess.run([*command, str(HERE / "launcher.c")], check=True)  # noqa: S603 - a fixed command
        return output.read_bytes()


def main() -> None:
    """Write the launchers, and the digest of their source."""
    launchers = {platform: compile_launcher(target) for platform, target in TARGETS.items()}
    for platform, content in launchers.items():
        (HERE / platform).write_bytes(content)
    digests = {name: hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in ("launcher.c", *launchers)}
    (HERE / "digests.json").write_text(json.dumps(digests, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
