"""Database servers of the tests: each on a free loopback port, with data in a temporary folder, ended by its pid."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator, Sequence

PLACES = {"postgresql": "usr/lib/postgresql/*/bin", "mariadb-server": "usr/sbin"}
"""Debian's packages, and the folders of their programs besides PATH."""
SECONDS = 40.0


@dataclass(frozen=True)
class Account:
    """The account that runs a server: PostgreSQL refuses the superuser."""

    user: int
    group: int

    @classmethod
    def of_tests(cls) -> Account:
        """Return the tests' account, or `nobody` if the tests run as the superuser."""
        if os.getuid():
            return cls(os.getuid(), os.getgid())
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def options(self) -> dict[str, Any]:
        """Return the options of `subprocess` that start a program as this account."""
        return {} if os.getuid() else {"user": self.user, "group": self.group, "extra_groups": []}


def find_program(package: str, name: str) -> str:
    """Find a server's program, or skip."""
    path = os.pathsep.join(
        [os.environ.get("PATH", ""), *sorted(map(str, Path("/").glob(PLACES[package])), reverse=True)]
    )
    program = shutil.which(name, path=path)
    if program is None:
        pytest.skip(f"install {package}: {name} is not on PATH")
    return program


def find_port() -> int:
    """Find a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def make_folder(account: Account) -> Iterator[Path]:
    """Make a folder that the account owns, outside pytest's folders, which the tests' account owns."""
    folder = Path(tempfile.mkdtemp(prefix="gfplug-db-"))
    try:
        os.chown(folder, account.user, account.group)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def run_server(
    command: Sequence[str], folder: Path, account: Account, connect: Callable[[], Any], *, stop: signal.Signals
) -> Iterator[None]:
    """Start a server, wait until it accepts connections, and end it."""
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder, **account.options()
        )
    try:
        _wait(server, log, connect)
        yield
    finally:
        server.send_signal(stop)
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], log: Path, connect: Callable[[], Any]) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            connect().close()
        except Exception as error:  # noqa: BLE001  # each driver has its own
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the server does not start: {error}\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        else:
            return


def prepare(command: Sequence[str], folder: Path, account: Account) -> None:
    """Run the program that creates a server's data."""
    process = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=SECONDS,
        **account.options(),
    )
    if process.returncode:
        pytest.fail(
            f"{command[0]} ended with {process.returncode}: {(process.stderr or process.stdout).decode()[-2000:]}"
        )
