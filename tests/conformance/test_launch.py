"""How a plugin starts: environment, folder, path, handshake, socket, TLS."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hostclient import HostError
from messages import query, query_request
from processes import eventually
from programs import executable, write_launcher

if TYPE_CHECKING:
    from hostclient import Host
    from programs import Programs
    from tests.conformance.conftest import HostMaker

HANDSHAKE = re.compile(r"1\|2\|(unix|tcp)\|[^|]+\|grpc\|?\n")
COOKIE = {"grafana_plugin_type": "datasource"}


@pytest.mark.shows("protocol 9", "protocol 13", "protocol 25")
def test_handshake_negotiates_version_2(host: Host, any_plugin: Path) -> None:
    """The client accepts the line and agrees on version 2, and its first ping succeeds at once (9, 11, 13, 14, 25)."""
    plugin = host.start(any_plugin)
    plugin.ping()

    assert plugin.started["version"] == 2
    assert plugin.started["handshake_ms"] < 10_000


@pytest.mark.shows("protocol 11", "protocol 12")
def test_stdout_holds_the_handshake_line_alone(host: Host, any_plugin: Path) -> None:
    """From start to end, stdout has only the handshake line (items 11, 12)."""
    plugin = host.start(any_plugin, record_stdout=True)
    plugin.health()
    plugin.query(query())
    plugin.kill()

    assert HANDSHAKE.fullmatch(plugin.state()["stdout"])


@pytest.mark.shows("protocol 1", "errors: the host's environment")
def test_plugin_starts_with_only_go_plugins_variables(host: Host, any_plugin: Path) -> None:
    """go-plugin's four variables are enough: no PATH, HOME, TMPDIR or LANG (item 1)."""
    plugin = host.start(any_plugin, bare=True)

    assert plugin.health()["status"] == "OK"


@pytest.mark.shows("protocol 2")
def test_plugin_starts_in_a_deleted_folder(new_host: HostMaker, any_plugin: Path, tmp_path: Path) -> None:
    """The plugin starts although its working directory is deleted (item 2)."""
    gone = tmp_path / "gone"
    gone.mkdir()
    host = new_host(cwd=gone)
    gone.rmdir()

    assert host.start(any_plugin).health()["status"] == "OK"


@pytest.mark.shows("protocol 2")
def test_working_folder_can_not_shadow_modules(new_host: HostMaker, python_plugin: Path, tmp_path: Path) -> None:
    """A working folder with files named like modules does no harm (item 2)."""
    for name in ("plugin", "gfruntime", "grpc", "json", "socket"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n", encoding="utf-8")

    assert new_host(cwd=tmp_path).start(python_plugin).health()["status"] == "OK"


@pytest.mark.shows("protocol 8")
@pytest.mark.long
def test_bundle_works_in_any_path(host: Host, built_signals: Path, tmp_path: Path) -> None:
    """A bundle works if its path has spaces and letters beyond ASCII (item 8)."""
    folder = tmp_path / "Grafana plug-ins" / "données ☃ 数据"
    shutil.copytree(built_signals.parent, folder)

    plugin = host.start(folder / built_signals.name, bare=True)

    assert plugin.query(query())["A"]["status"] == 200


@pytest.mark.shows("protocol 8")
def test_source_works_in_any_path(host: Host, programs: Programs, tmp_path: Path) -> None:
    """A project runs from source if its path has spaces and letters beyond ASCII (item 8)."""
    folder = tmp_path / "Grafana plug-ins" / "l'été ☃ 数据"
    shutil.copytree(programs.project("signals"), folder, ignore=shutil.ignore_patterns("dist", "artifacts"))
    write_launcher(folder / "launcher", folder)

    plugin = host.start(folder / "launcher", bare=True)

    assert plugin.query(query())["A"]["status"] == 200


@pytest.mark.shows("protocol 20")
def test_plugin_speaks_mutual_tls_with_automtls(host: Host, tls_plugin: Path) -> None:
    """With AutoMTLS the client accepts the plugin's certificate, and the plugin accepts the client's (items 19, 20)."""
    plugin = host.start(tls_plugin, auto_mtls=True)
    plugin.ping()

    assert plugin.health()["status"] == "OK"


@pytest.mark.shows("protocol 20")
@pytest.mark.parametrize("name", ["go", "probe", "probe-http2"])
def test_large_answers_pass_mutual_tls(host: Host, programs: Programs, name: str) -> None:
    """Four concurrent answers of 16 MiB arrive whole over TLS (items 20, 48)."""
    plugin = host.start(executable(programs, name), auto_mtls=True)
    rows = (16 << 20) // 8
    request = query_request(query(kind="big", rows=rows))
    pending = [plugin.send("query", request=request, summary=True) for _ in range(4)]

    assert [each.result()["responses"]["A"]["frames"][0]["rows"] for each in pending] == [rows] * 4


@pytest.mark.shows("protocol 20")
@pytest.mark.parametrize("name", ["go", "probe", "probe-http2"])
def test_cancelling_passes_mutual_tls(host: Host, programs: Programs, name: str) -> None:
    """Over TLS, too, a handler is cancelled within a second after its caller; the next query is answered (20, 59)."""
    plugin = host.start(executable(programs, name), auto_mtls=True)
    waiting = plugin.send("query", request=query_request(query(kind="wait", seconds=30)))
    eventually(lambda: any(line["message"] == "the probe waits" for line in plugin.logs()), within_s=20)
    plugin.ask("cancel", id=waiting.number)

    eventually(lambda: any(line["message"] == "the probe was cancelled" for line in plugin.logs()), within_s=1)
    with pytest.raises(HostError, match=r"Canceled|canceled"):
        waiting.result()
    assert plugin.query(query())["A"]["status"] == 200


@pytest.mark.shows("protocol 19")
@pytest.mark.parametrize("name", ["probe", "probe-http2"])
def test_plugin_refuses_other_clients_under_mutual_tls(host: Host, programs: Programs, name: str) -> None:
    """With AutoMTLS a client without the certificate gets no answer, not even in plain text (items 19, 20)."""
    grpc = pytest.importorskip("grpc")
    plugin = host.start(programs.probe(name), auto_mtls=True)
    with grpc.insecure_channel(f"unix:{plugin.started['address']}") as channel:
        health = channel.unary_unary("/grpc.health.v1.Health/Check")
        with pytest.raises(grpc.RpcError):
            health(b"", timeout=5)


@pytest.mark.shows("protocol 19")
@pytest.mark.long
def test_plugin_without_cryptography_logs_what_mutual_tls_needs(host: Host, built_signals: Path) -> None:
    """A bundle without cryptography does not serve in plain text; the client logs the reason (item 19)."""
    with pytest.raises(HostError) as caught:
        host.start(built_signals, name="signals", auto_mtls=True, start_timeout_s=10)

    assert caught.value.kind == "start"
    [entry] = [each for each in host.ask("logs", plugin="signals")["records"] if "cryptography" in each["message"]]
    assert entry["level"] == "error"
    assert "add `cryptography` to the dependencies in pyproject.toml" in entry["message"]


@pytest.mark.shows("protocol 21")
def test_plugin_does_not_offer_broker_multiplexing(host: Host, python_probe: Path) -> None:
    """The plugin does not offer broker multiplexing, and a client that requires it ends with that reason (item 21)."""
    with pytest.raises(HostError, match="multiplexing") as caught:
        host.start(python_probe, multiplex=True, start_timeout_s=10)

    assert caught.value.kind == "start"


@pytest.mark.shows("protocol 15")
def test_plugin_unix_socket_dir_decides_where_the_socket_is(host: Host, any_plugin: Path) -> None:
    """PLUGIN_UNIX_SOCKET_DIR decides where the socket is (item 15)."""
    plugin = host.start(any_plugin, socket_dir=True)
    folder = next(entry["fields"]["dir"] for entry in plugin.logs() if "temporary directory" in entry["message"])

    assert Path(plugin.started["address"]).parent == Path(folder)


@pytest.mark.shows("protocol 16")
def test_other_users_cannot_connect_to_the_socket(host: Host, any_plugin: Path) -> None:
    """Only the owner can connect: the socket or its folder refuses other users (item 16)."""
    socket = Path(host.start(any_plugin).started["address"])
    may_others_write = stat.S_IMODE(socket.stat().st_mode) & 0o022
    may_others_enter = stat.S_IMODE(socket.parent.stat().st_mode) & 0o011

    assert not (may_others_write and may_others_enter)


@pytest.mark.shows("protocol 17")
def test_the_socket_is_elsewhere_if_the_temp_folder_has_a_long_path(
    host: Host, python_plugin: Path, tmp_path: Path
) -> None:
    """If TMPDIR is too long for a socket's name, the socket is elsewhere (item 17)."""
    deep = tmp_path / ("long" * 20) / ("path" * 20)
    deep.mkdir(parents=True)

    assert host.start(python_plugin, env={"TMPDIR": str(deep)}).health()["status"] == "OK"


@pytest.mark.shows("protocol 5", "protocol 6")
@pytest.mark.parametrize(
    "environment",
    [{}, {"grafana_plugin_type": "panel"}, {"GRAFANA_PLUGIN_TYPE": "datasource"}],
    ids=["without cookie", "another cookie", "cookie in capitals"],
)
def test_plugin_explains_itself_when_started_by_hand(any_plugin: Path, environment: dict[str, str]) -> None:
    """Without the cookie the plugin writes a text to stderr, nothing to stdout, and exits with 1 (items 5, 6)."""
    done = subprocess.run(
        [any_plugin], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
    )

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"plugin" in done.stderr


def line_of(*words: str | Path, **environment: str) -> str:
    """Start a plugin by hand, with the cookie, and return its first line."""
    with subprocess.Popen(
        words, env=COOKIE | environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        process.kill()
    return line


@pytest.mark.shows("protocol 4")
def test_plugin_starts_without_stdin(any_plugin: Path) -> None:
    """With a closed standard input the plugin still writes its handshake (item 4)."""
    assert HANDSHAKE.fullmatch(line_of("/bin/sh", "-c", f"exec '{any_plugin}' <&-", PLUGIN_PROTOCOL_VERSIONS="2"))


@pytest.mark.shows("protocol 14")
@pytest.mark.parametrize("versions", ["1,2", "2,3", "3", ""])
def test_plugin_answers_version_2_to_any_offer(python_probe: Path, versions: str) -> None:
    """If the host offers other versions or none, the plugin still names its only version (item 14)."""
    environment = {"PLUGIN_PROTOCOL_VERSIONS": versions} if versions else {}

    assert HANDSHAKE.fullmatch(line_of(python_probe, **environment))
