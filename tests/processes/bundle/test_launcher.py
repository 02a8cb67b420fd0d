"""The launcher's bytes, and its run by a shell or an interpreter."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import succeed

from gfplug.bundle import launcher
from gfplug.bundle.launcher import Launcher
from gfplug.errors import ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

posix = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
ECHO = '#!/bin/sh\necho "$PYTHONPATH|$*"\n'


def write_launcher(folder: Path, **parts: Any) -> Path:
    """Write a launcher into a folder and return it."""
    path = folder / "gpx_sales_linux_amd64"
    parts = {"python": Path(sys.executable), "source": folder / "src", **parts}
    path.write_bytes(Launcher(**parts).executable("linux_amd64"))
    path.chmod(0o755)
    return path


@pytest.fixture
def attached() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Collect processes, and end them."""
    running: list[subprocess.Popen[bytes]] = []
    yield running
    for process in running:
        process.kill()
        process.communicate(timeout=10)


def start(command: Path | list[str | Path], running: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Start a launcher as Grafana does, without an environment."""
    process = subprocess.Popen(
        command, env={"PATH": os.defpath}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    running.append(process)
    return process


def first_line(process: subprocess.Popen[bytes]) -> str:
    """Read the handshake line."""
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


@posix
def test_the_script_runs_the_source_whatever_its_path_holds(tmp_path: Path) -> None:
    """Spaces, quotes and dollar signs are taken literally, and no PATH is needed."""
    folder = tmp_path / 'it\'s $HOME "x"'
    folder.mkdir()
    python = folder / "python"
    python.write_text(ECHO)
    python.chmod(0o755)
    done = subprocess.run([write_launcher(folder, python=python)], env={}, capture_output=True, check=True)

    assert done.stdout.decode().strip() == f"{folder / 'src'}|-P -m gfruntime.dev"


@posix
def test_a_missing_interpreter_is_a_log_line_that_says_why(tmp_path: Path) -> None:
    """A Grafana in a container does not have this path; "no such file" would not name it."""
    done = subprocess.run([write_launcher(tmp_path, python=tmp_path / "gone")], capture_output=True, check=False)
    entry = json.loads(done.stderr)

    assert (done.returncode, done.stdout, entry["@level"]) == (1, b"", "error")
    assert "cannot see the interpreter" in entry["@message"]
    assert "same file system" in entry["@message"]


@posix
def test_the_attaching_launcher_names_the_address_and_stays(
    tmp_path: Path, attached: list[subprocess.Popen[bytes]]
) -> None:
    """The handshake line is that of the locator mode; the log has the command to start."""
    process = start(write_launcher(tmp_path, address="127.0.0.1:50051", command="X=1 python -m plugin"), attached)

    assert first_line(process) == "1|2|tcp|127.0.0.1:50051|grpc"
    assert process.poll() is None
    assert process.stderr is not None
    assert "X=1 python -m plugin" in json.loads(process.stderr.readline())["@message"]


@posix
def test_a_running_standalone_server_is_found_by_its_file(
    tmp_path: Path, attached: list[subprocess.Popen[bytes]]
) -> None:
    """`standalone.txt` beside the launcher wins over the launcher's fixed address."""
    path = write_launcher(tmp_path, address="127.0.0.1:50051")
    (tmp_path / "standalone.txt").write_text(":40000")
    (tmp_path / "pid.txt").write_text(str(os.getpid()))

    assert first_line(start(path, attached)) == "1|2|tcp|127.0.0.1:40000|grpc"


@posix
def test_a_stale_address_file_is_noticed(tmp_path: Path, attached: list[subprocess.Popen[bytes]]) -> None:
    """Its process has ended, and the log says that the file is ignored."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(10)
    path = write_launcher(tmp_path, address="127.0.0.1:50051")
    (tmp_path / "standalone.txt").write_text("127.0.0.1:40000")
    (tmp_path / "pid.txt").write_text(str(gone.pid))
    process = start(path, attached)

    assert first_line(process) == "1|2|tcp|127.0.0.1:50051|grpc"
    assert process.stderr is not None
    entry = json.loads(process.stderr.readline())
    assert (entry["@level"], "has ended; using 127.0.0.1:50051" in entry["@message"]) == ("warn", True)


@posix
def test_a_new_address_ends_the_launcher_so_that_grafana_starts_it_again(
    tmp_path: Path, attached: list[subprocess.Popen[bytes]]
) -> None:
    """A debugger that was started again may listen elsewhere."""
    path = write_launcher(tmp_path, address="127.0.0.1:50051")
    process = start(path, attached)
    first_line(process)
    (tmp_path / "standalone.txt").write_text("127.0.0.1:40000")

    assert process.wait(10) == 0


@posix
def test_a_killed_launcher_leaves_no_process_that_holds_grafanas_pipes(
    tmp_path: Path, attached: list[subprocess.Popen[bytes]]
) -> None:
    """Grafana waits for the end of both pipes; the shell's `sleep` has neither."""
    process = start(write_launcher(tmp_path, address="127.0.0.1:50051"), attached)
    first_line(process)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    began = time.monotonic()
    process.communicate(timeout=10)

    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(("platform", "stub"), [("windows_amd64", "t64.exe"), ("windows_arm64", "t64-arm.exe")])
def test_the_windows_launcher_consists_of_stub_interpreter_line_and_zip(platform: str, stub: str) -> None:
    """It is an .exe for the platform, the quoted interpreter and a zip for Python; the bytes are reproducible."""
    launched = Launcher(python=Path("C:/my env/python.exe"), source=Path("C:/my project/src"))
    content = launched.executable(platform)
    head = resources.files("distlib").joinpath(stub).read_bytes()
    line, _, packed = content[len(head) :].partition(b"\r\n")

    assert content.startswith(head)
    assert head[:2] == b"MZ"
    assert line == f'#!"{Path("C:/my env/python.exe")}"'.encode()
    assert packed[:2] == b"PK"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["__main__.py", "launch.json"]
        assert json.loads(archive.read("launch.json"))["source"] == str(Path("C:/my project/src"))
    assert content == launched.executable(platform)


def test_the_windows_launchers_program_runs_the_source(tmp_path: Path) -> None:
    """An interpreter that gets the file as its argument, as from the stub, runs `gfruntime.dev` from the source."""
    package = tmp_path / "src" / "gfruntime" / "dev"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__main__.py").write_text("import os, sys; print(__name__, sys.argv, os.environ['PYTHONPATH'])")
    path = tmp_path / "gpx.exe"
    path.write_bytes(Launcher(python=Path(sys.executable), source=tmp_path / "src").executable("windows_amd64"))
    done = succeed(sys.executable, path)

    assert done.strip() == f"__main__ ['{package / '__main__.py'}'] {tmp_path / 'src'}"


def test_the_windows_launchers_program_attaches(tmp_path: Path, attached: list[subprocess.Popen[bytes]]) -> None:
    """With an address it prints the handshake line, and keeps running."""
    path = tmp_path / "gpx.exe"
    launched = Launcher(python=Path(sys.executable), source=tmp_path, address="127.0.0.1:50051")
    path.write_bytes(launched.executable("windows_amd64"))
    process = start([sys.executable, path], attached)

    assert first_line(process) == "1|2|tcp|127.0.0.1:50051|grpc"
    assert process.poll() is None


@posix
def test_the_windows_launchers_program_ends_with_its_host(tmp_path: Path) -> None:
    """A launcher that only prints an address must detect the end of Grafana."""
    path = tmp_path / "gpx.exe"
    launched = Launcher(python=Path(sys.executable), source=tmp_path, address="127.0.0.1:50051")
    path.write_bytes(launched.executable("windows_amd64"))
    program = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"
    command = [sys.executable, "-c", program, sys.executable, str(path)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, process_group=0) as host:
        try:
            assert first_line(host) == "1|2|tcp|127.0.0.1:50051|grpc"
            host.kill()
            host.communicate(timeout=10)  # until the last process with the pipe has ended
        finally:
            with suppress(ProcessLookupError):
                os.killpg(host.pid, signal.SIGKILL)


def test_a_platform_without_a_stub_is_refused() -> None:
    """32-bit Windows on ARM has no stub."""
    with pytest.raises(ToolError, match="no launcher for windows_arm"):
        Launcher(python=Path("python"), source=Path("src")).executable("windows_arm")


@pytest.mark.parametrize("text", ["localhost", "localhost:0", "a b:1", "h:99999", "h:1|x", "$(x):1"])
def test_a_text_that_is_not_an_address_is_refused(text: str) -> None:
    """The address is written into a script and into go-plugin's line."""
    with pytest.raises(UsageError, match="is not host:port"):
        launcher.address(text)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "[::]", "192.0.2.1", "[2001:db8::1]", "example.org", "127.1", "0"],  # noqa: S104 - nothing listens
)
def test_an_address_that_others_reach_needs_a_flag(host: str) -> None:
    """The error gives the reason: gRPC here has no password."""
    with pytest.raises(UsageError, match="the plugin does not check callers"):
        launcher.address(f"{host}:50051")

    assert launcher.address(f"{host}:50051", allow_remote=True) == f"{host}:50051"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "[::1]", "localhost"])
def test_an_address_of_this_machine_needs_no_flag(host: str) -> None:
    """Other machines cannot reach it."""
    assert launcher.address(f"{host}:50051") == f"{host}:50051"
