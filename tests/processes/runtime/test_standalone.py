"""Other functions of a plugin's executable: build info, a standalone server, and finding such a server."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from children import GO_PLUGIN, HERE, query_request
from fixtures import standalone_project
from places import SOURCE
from pluginv2 import backend_pb2 as pb
from processes import eventually

from gfruntime.serving import plugin_json, standalone
from gfruntime.telemetry import profiling

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and /proc")


class Project:
    """A project from source, and the processes that run it."""

    def __init__(self, folder: Path, stubs: Path) -> None:
        """Write the project."""
        self.folder = folder
        self.main = standalone_project.make(folder)
        self._path = ":".join(map(str, (HERE, SOURCE, stubs)))
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start the project's plugin."""
        process = subprocess.Popen(
            [sys.executable, self.main, *arguments],
            cwd=self.folder,
            env={"PYTHONPATH": self._path, "TMPDIR": str(self.folder), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._started.append(process)
        return process

    def start_server(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a standalone server and wait for its announcement."""
        server = self.start("-standalone", *arguments, **environment)
        address = self.folder / "dist" / "standalone.txt"  # this file comes last, and may be empty for a moment
        eventually(lambda: address.exists() and address.stat().st_size > 0, within_s=10)
        return server

    def read(self, name: str) -> str:
        return (self.folder / "dist" / name).read_text(encoding="utf-8")

    def stop(self) -> None:
        for process in self._started:
            process.kill()
            process.wait(10)
            for stream in filter(None, (process.stdout, process.stderr)):
                stream.close()


@pytest.fixture
def project(tmp_path: Path, stub_folder: Path) -> Iterator[Project]:
    """Make a project, and end its processes afterwards."""
    project = Project(tmp_path, stub_folder)
    yield project
    project.stop()


def line_of(process: subprocess.Popen[bytes]) -> str:
    """Read the first line on stdout."""
    assert process.stdout is not None
    return process.stdout.readline().decode()


def ask(address: str) -> dict[str, Any]:
    """Query a server."""
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
        method: Any = channel.unary_unary("/pluginv2.Data/QueryData")
        answer = method(query_request({}).SerializeToString(), timeout=20, wait_for_ready=True)
    return dict(pb.QueryDataResponse.FromString(answer).responses)


@pytest.mark.shows("protocol 3", "protocol 85")
@pytest.mark.parametrize("dashes", ["-", "--"])
def test_build_info_is_one_json_object(project: Project, dashes: str) -> None:
    """It has time, id and version; the exit status is 0, without the cookie, with one dash or two (items 3, 85)."""
    process = project.start(f"{dashes}buildinfo")
    output, _ = process.communicate(timeout=20)
    info = json.loads(output)

    assert process.returncode == 0
    assert sorted(info) == ["pluginID", "time", "version"]
    assert (info["pluginID"], info["version"]) == ("acme-sample-datasource", "1.2.3")
    assert info["time"] > 1_700_000_000_000


@pytest.mark.shows("protocol 3", "protocol 85")
@pytest.mark.parametrize(("has_manifest", "expected"), [(True, (0, b"1.2.3\n")), (False, (1, b""))])
def test_the_version_option_prints_only_the_version(
    project: Project, expected: tuple[int, bytes], *, has_manifest: bool
) -> None:
    """From source it is the project's, in a bundle plugin.json's; without that file the status is 1 (item 85)."""
    if not has_manifest:
        (project.folder / "plugin.json").unlink()
    process = project.start("-version")
    output, _ = process.communicate(timeout=20)

    assert (process.returncode, output) == expected


@pytest.mark.parametrize(
    "arguments", [["-standalon"], ["-c", "print(1)"], ["x.py", "-version"], ["-version", "--token=abc"]], ids=str
)
def test_an_argument_that_is_not_the_plugins_is_refused(project: Project, arguments: list[str]) -> None:
    """The plugin does not start, even with Grafana's cookie; a possible secret is not shown."""
    process = project.start(*arguments, **GO_PLUGIN)
    output, errors = process.communicate(timeout=20)

    assert (process.returncode, output) == (2, b"")
    assert errors.startswith(b"this plugin takes no argument '")
    assert b"abc" not in errors


def test_the_address_file_is_never_beside_the_pid_of_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed server leaves both files: they are removed first, and the new address is written last."""
    for name in ("standalone.txt", "pid.txt"):
        (tmp_path / name).write_text("of another server")
    create, steps = os.open, []

    def watch(path: Path, *arguments: int) -> int:
        steps.append([file.name for file in tmp_path.iterdir()])
        return create(path, *arguments)

    monkeypatch.setattr(os, "open", watch)
    with standalone.announce(tmp_path, "127.0.0.1:1"):
        assert (tmp_path / "standalone.txt").read_text() == "127.0.0.1:1"

    assert steps == [[], ["pid.txt"]]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.shows("protocol 3", "protocol 82")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_standalone_server_announces_itself_and_cleans_up(project: Project, ending: signal.Signals) -> None:
    """Address and pid are in the plugin's folder, for this user only, until an interrupt or SIGTERM (item 82)."""
    server = project.start_server()
    modes = [stat.S_IMODE((project.folder / "dist" / name).stat().st_mode) for name in ("standalone.txt", "pid.txt")]

    assert modes == [0o600, 0o600]
    assert int(project.read("pid.txt")) == server.pid
    assert ask(project.read("standalone.txt"))["A"].status == 200
    server.send_signal(ending)
    assert server.wait(5) == 0
    assert not list((project.folder / "dist").glob("*.txt"))


@pytest.mark.shows("protocol 82")
def test_host_can_not_end_a_standalone_server(project: Project) -> None:
    """The developer ends the server: go-plugin's Shutdown is UNIMPLEMENTED there (item 82)."""
    project.start_server()
    with grpc.insecure_channel(project.read("standalone.txt")) as channel:
        shutdown: Any = channel.unary_unary("/plugin.GRPCController/Shutdown")
        with pytest.raises(grpc.RpcError) as caught:
            shutdown(b"", timeout=10)

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED  # type: ignore[attr-defined,unused-ignore]


@pytest.mark.shows("protocol 83")
def test_executable_tells_where_the_server_is(project: Project) -> None:
    """If a server runs, Grafana's process prints its address, and ends when the server does (item 83)."""
    server = project.start_server()
    managed = project.start(**GO_PLUGIN)

    assert line_of(managed) == f"1|2|tcp|{project.read('standalone.txt')}|grpc\n"
    server.terminate()
    server.wait(5)
    assert managed.wait(5) == 0


@pytest.mark.shows("protocol 83")
def test_stale_files_are_ignored(project: Project) -> None:
    """The plugin serves despite files of a server that has ended (item 83)."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(10)
    (project.folder / "dist" / "standalone.txt").write_text("127.0.0.1:1", encoding="utf-8")
    (project.folder / "dist" / "pid.txt").write_text(str(gone.pid), encoding="utf-8")

    assert line_of(project.start(**GO_PLUGIN)).startswith("1|2|unix|")


@pytest.mark.shows("protocol 84")
def test_address_in_the_environment_wins(project: Project) -> None:
    """GF_PLUGIN_GRPC_ADDRESS_<ID> decides where the server listens and where the executable points (item 84)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = {"GF_PLUGIN_GRPC_ADDRESS_ACME_SAMPLE_DATASOURCE": f":{port}"}
    project.start_server(**address)

    assert project.read("standalone.txt") == f"127.0.0.1:{port}"
    assert line_of(project.start(**GO_PLUGIN, **address)) == f"1|2|tcp|127.0.0.1:{port}|grpc\n"


def test_a_caller_without_the_secrets_gets_no_instance_that_has_them(project: Project) -> None:
    """A data source's id, uid and time of change are not enough: the caller gets another instance."""
    words = "sesame"
    project.start_server()
    honest = query_request({"do": "raise"}, token=words)
    intruder = pb.QueryDataRequest.FromString(honest.SerializeToString())
    intruder.pluginContext.dataSourceInstanceSettings.decryptedSecureJsonData.clear()
    with grpc.insecure_channel(project.read("standalone.txt"), options=[("grpc.enable_http_proxy", 0)]) as channel:
        method: Any = channel.unary_unary("/pluginv2.Data/QueryData")
        errors = [
            pb.QueryDataResponse.FromString(method(request.SerializeToString(), timeout=20)).responses["A"].error
            for request in (honest, intruder, honest)
        ]

    assert errors == ["ValueError: bad ***", "ValueError: bad", "ValueError: bad ***"]


REACHABLE = (
    *("0.0.0.0:50051", "[::]:50051", "192.0.2.1:50051", "example.org:50051", "0:50051", "127.1:50051", "*:50051"),
    *("ipv4:0.0.0.0:50051", "[::ffff:0.0.0.0]:50051", "[]:50051", "::1:50051", "127.0.0.1", "unix:/x", " :50051"),
)


@pytest.mark.shows("protocol 82")
@pytest.mark.parametrize("address", REACHABLE)
def test_other_machines_reach_a_server_only_if_that_is_allowed(address: str) -> None:
    """An address that other machines can reach is refused with the reason, unless a flag allows it."""
    refusal = standalone.refusal(address, "acme-x", ["-standalone"])

    assert f"GF_PLUGIN_GRPC_ADDRESS_ACME_X is {address!r}" in refusal
    assert "It does not check who calls" in refusal
    assert "add -allow-remote" in refusal
    assert standalone.refusal(address, "acme-x", ["-standalone", "--allow-remote"]) == ""


@pytest.mark.parametrize(
    "setting", ["", ":50051", "127.0.0.1:50051", "127.9.9.9:1", "[::1]:50051", "localhost:50051", "LOCALHOST:1"]
)
def test_loopback_addresses_need_no_flag(setting: str) -> None:
    """Loopback addresses are accepted, and an address without a host means this machine."""
    address = standalone.choose_address({"GF_PLUGIN_GRPC_ADDRESS_ACME_X": setting}, "acme-x")

    assert standalone.refusal(address, "acme-x", ["-standalone"]) == ""


def test_a_server_for_other_machines_does_not_start_unasked(project: Project) -> None:
    """The process ends with status 1 and leaves no files; with the flag it serves."""
    remote = {"GF_PLUGIN_GRPC_ADDRESS_ACME_SAMPLE_DATASOURCE": "0.0.0.0:0"}

    assert project.start("-standalone", **remote).wait(20) == 1
    assert not list((project.folder / "dist").glob("*.txt"))
    project.start_server("-allow-remote", **remote)
    port = project.read("standalone.txt").rpartition(":")[2]
    assert ask(f"127.0.0.1:{port}")["A"].status == 200


def test_starting_a_server_ends_what_grafana_runs(project: Project) -> None:
    """Grafana's plugin process is ended, so that Grafana starts the executable again and finds the server."""
    script = project.folder / "dist" / "gpx_sample_linux_amd64"
    script.write_text("#!/bin/sh\nsleep 60\n", encoding="utf-8")
    script.chmod(0o755)
    running = subprocess.Popen([script])
    eventually(lambda: str(script).encode() in Path(f"/proc/{running.pid}/cmdline").read_bytes())
    project.start_server()

    assert running.wait(5) == -signal.SIGTERM


def test_manifest_is_found_upwards(tmp_path: Path) -> None:
    """The nearest plugin.json counts; a broken one is skipped."""
    main = standalone_project.make(tmp_path)
    (main.parent / "plugin.json").write_text("{", encoding="utf-8")

    assert plugin_json.find(main.parent).plugin_id == "acme-sample-datasource"
    assert plugin_json.find(tmp_path / "dist").time == 1_767_312_000_000


@pytest.mark.parametrize(("text", "expected"), [(None, None), ("\n", None), ("127.0.0.1:9\n", ("127.0.0.1:9", 0))])
def test_a_server_is_found_only_if_its_file_has_an_address(
    tmp_path: Path, text: str | None, expected: tuple[str, int] | None
) -> None:
    """An empty or missing file names no server (item 83)."""
    standalone_project.make(tmp_path)
    if text is not None:
        (tmp_path / "dist" / "standalone.txt").write_text(text, encoding="utf-8")

    assert standalone.find_server({}, plugin_json.find(tmp_path)) == expected


@pytest.mark.parametrize(
    ("environ", "is_on"),
    [
        ({}, False),
        ({"GF_PLUGIN_PROFILING_ENABLED": "true"}, True),
        ({"GF_PLUGINS_PROFILER": "me"}, True),
        ({"GF_PLUGINS_PROFILER": "other", "GF_PLUGIN_PROFILING_ENABLED": "true"}, False),
    ],
)
def test_profiling_shows_every_thread(environ: dict[str, str], *, is_on: bool) -> None:
    """If Grafana's variables are set, a page on this machine shows the stack of each thread."""
    port = profiling.start({**environ, "GF_PLUGIN_PROFILING_PORT": "0"}, "me")

    assert bool(port) is is_on
    if port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/debug/threads", timeout=5) as answer:
            assert b"test_profiling_shows_every_thread" in answer.read()


def test_profiling_answers_invalid_requests() -> None:
    """Another page, another method and half a request get an error; the next request is answered."""
    port = profiling.start({"GF_PLUGIN_PROFILING_ENABLED": "true", "GF_PLUGIN_PROFILING_PORT": "0"}, "me")
    head = b" HTTP/1.1\r\nHost: x\r\n\r\n"
    statuses = []
    for request in (b"GET /favicon.ico" + head, b"POST /" + head, b"\r\n", b"", b"GET /" + head):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            statuses.append(b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n")[0].decode())

    assert [line.split()[1] for line in statuses] == ["404", "405", "405", "405", "200"]
