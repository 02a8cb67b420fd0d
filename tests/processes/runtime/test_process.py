"""A plugin process from outside: its line, its calls, its logs; `test_process_end` has its end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import grpc
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from children import GO_PLUGIN, HERE, Child, context, eventually, plugin
from places import SOURCE
from pluginv2 import backend_pb2 as pb

pytestmark = pytest.mark.timeout(60)
LINE = re.compile(r"^1\|2\|(unix|tcp)\|[^|]+\|grpc\|?\n$")


def test_line_is_the_first_and_only_thing_on_stdout(stub_folder: Path, tmp_path: Path) -> None:
    """The first bytes on stdout are the handshake line, and nothing follows, whatever is printed before and after."""
    with plugin(stub_folder, tmp_path, SAMPLE_NOISE="") as child:
        child.query({"do": "print", "size": 100})
        child.shutdown()
        assert child.process.stdout is not None
        rest = child.process.stdout.read()

    assert LINE.match(child.line)
    assert rest == b""


def test_calls_succeed_as_soon_as_the_line_is_there(child: Child) -> None:
    """At the moment the line is visible, connecting and asking health succeeds without retry."""
    assert child.ping("plugin") == b"\x08\x01"
    assert child.ping("") == b"\x08\x01"


def test_unknown_health_name_is_not_found(child: Child) -> None:
    """Health answers SERVING for "plugin" and "", NOT_FOUND for unknown names."""
    with pytest.raises(grpc.RpcError) as caught:
        child.ping("elsewhere")

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_query_answers_a_frame_that_alerting_reads(child: Child) -> None:
    """A successful DataResponse has status 200 and no error; its frame says its type and has a non-null time."""
    response = child.query({"size": 3})["A"]
    table = pa.ipc.open_file(response.frames[0]).read_all()

    assert (response.status, response.error, response.format) == (200, "", 0)
    assert table.schema.metadata[b"meta"] == b'{"type":"timeseries-wide","typeVersion":[0,1]}'
    assert table.schema.metadata[b"refId"] == b"A"
    assert not table.schema.field("time").nullable


def test_calls_before_loading_wait_for_it(stub_folder: Path, tmp_path: Path) -> None:
    """The handshake does not wait for the author's module; a call that comes early does."""
    with plugin(stub_folder, tmp_path, kind="slow") as child:
        assert child.ping() == b"\x08\x01"
        assert not any(entry["@message"] == "Plugin Request Completed" for entry in child.logs())
        assert child.check_health().message == "sample"


@pytest.mark.parametrize("kind", ["broken", "exits"])
def test_failed_import_answers_every_call(stub_folder: Path, tmp_path: Path, kind: str) -> None:
    """When the author's module can't be imported, health and each query say why, and the log has one traceback."""
    with plugin(stub_folder, tmp_path, kind=kind) as child:
        health = child.check_health()
        responses = child.query({}, {})
        logs = [entry for entry in child.logs() if entry["@level"] == "error"]

    message = {"broken": "ModuleNotFoundError: No module named 'nowhere'", "exits": "SystemExit: 3"}[kind]
    assert (health.status, health.message) == (pb.CheckHealthResponse.ERROR, message)
    assert b'"loadError"' in health.jsonDetails
    assert b"Traceback" in health.jsonDetails
    assert {ref: (item.error, item.status) for ref, item in responses.items()} == dict.fromkeys("AB", (message, 500))
    assert len(logs) == 1
    assert "Traceback" in logs[0]["stack"]


def test_one_failing_query_leaves_the_others_whole(child: Child) -> None:
    """One failing query does not affect the other ref ids, and each says who is to blame."""
    responses = child.query({}, {"do": "raise"}, {"do": "refuse"}, {"seconds": "long"}, {"do": "exit"})

    shown = {ref: (item.status, item.error, item.errorSource) for ref, item in responses.items()}
    assert shown == {
        "A": (200, "", ""),
        "B": (500, "ValueError: bad", "plugin"),
        "C": (404, "no such table", "plugin"),
        "D": (400, "the query: seconds: expected float, got str", "plugin"),
        "E": (500, "SystemExit: 5", "plugin"),
    }


def test_every_stderr_line_is_a_log_entry(child: Child) -> None:
    """Every stderr line is a JSON object with string @-keys, at most 60 KiB long, whatever was logged or raised."""
    child.query({"do": "log"}, {"do": "print", "size": 300_000})
    child.shutdown()
    entries = child.logs()

    by_message = {entry["@message"][:9]: entry for entry in entries}
    assert by_message["token "]["@level"] == "warn"
    assert by_message["token "]["nan"] == "nan"
    assert by_message["xxxxxxxxx"]["@level"] in ("error", "info")
    assert any(entry["@message"].startswith("A thread failed") and "Traceback" in entry["stack"] for entry in entries)
    assert any("a warning" in entry["@message"] for entry in entries)


def test_prints_become_log_lines(child: Child) -> None:
    """What user code, the bare descriptor and child processes print shows up in Grafana's log."""
    child.query({"do": "print", "size": 3})
    child.shutdown()

    shown = [entry["@message"] for entry in child.logs() if entry["@module"] == "stdout"]
    assert "xxxraw bytes" in shown
    assert "a child's words" in shown
    assert any(entry["@message"] == "a library's complaint" for entry in child.logs() if entry["@module"] == "stderr")


def test_a_mebibyte_without_a_newline_blocks_nothing(child: Child) -> None:
    """After the handshake, writing 1 MiB without newline to stdout neither blocks nor corrupts."""
    began = time.monotonic()
    response = child.query({"do": "print", "size": 1 << 20})["A"]

    assert response.status == 200
    assert time.monotonic() - began < 10


def test_a_host_that_reads_no_log_blocks_nothing(stub_folder: Path) -> None:
    """A full stderr pipe blocks no query: log lines are dropped instead."""
    path = ":".join(map(str, (HERE, SOURCE, stub_folder)))
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "fixtures.sample_main"],
        env={**GO_PLUGIN, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=writer,
    )
    try:
        child = Child(process, Path(os.devnull))
        for _ in range(3):
            assert child.query({"do": "print", "size": 4 << 20})["A"].status == 200
        assert child.shutdown() < 2
        child.channel.close()
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        os.close(reader)
        os.close(writer)


def test_cancelled_call_tells_the_handler(child: Child, tmp_path: Path) -> None:
    """A cancelled RPC notifies the handler within 1 s and is logged as cancelled."""
    marker = tmp_path / "marker"
    child.query({})
    answer = child.start_query({"do": "wait", "seconds": 20}, marker=str(marker))
    time.sleep(0.3)
    answer.cancel()

    eventually(marker.exists, within=1)
    eventually(lambda: any(entry.get("status") == "cancelled" for entry in child.logs()), within=1)


def test_cancelled_call_cancels_a_coroutine(async_child: Child, tmp_path: Path) -> None:
    """A cancelled RPC cancels an async handler within 1 s."""
    marker = tmp_path / "marker"
    async_child.query({})
    answer = async_child.start_query({"seconds": 20}, marker=str(marker))
    time.sleep(0.3)
    answer.cancel()

    eventually(marker.exists, within=1)


def test_async_handlers_run_side_by_side(async_child: Child) -> None:
    """Sixty-four queries of 200 ms on an async handler take about as long as one."""
    async_child.query({})
    began = time.monotonic()
    answers = [async_child.start_query({"seconds": 0.2}) for _ in range(64)]
    statuses = {pb.QueryDataResponse.FromString(item.result()).responses["A"].status for item in answers}

    assert statuses == {200}
    assert time.monotonic() - began < 2


def test_async_failures_stay_with_their_query(async_child: Child) -> None:
    """An exception of a coroutine becomes its query's error; one of a stray task becomes a log line."""
    responses = async_child.query({}, {"do": "raise"}, {"do": "task"})

    assert {ref: item.status for ref, item in responses.items()} == {"A": 200, "B": 500, "C": 200}
    eventually(lambda: any("never retrieved" in entry["@message"] for entry in async_child.logs()))


def test_malformed_messages_end_in_a_status(child: Child) -> None:
    """Bytes that are no protobuf message end their own call, and the next one is answered."""
    with pytest.raises(grpc.RpcError) as caught:
        child.call("/pluginv2.Data/QueryData", b"\xff\xff\xff", pb.QueryDataResponse)

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "Traceback" not in str(caught.value.details())
    assert child.query({})["A"].status == 200


def test_empty_messages_crash_nothing(child: Child) -> None:
    """Requests with all optional messages absent crash no endpoint."""
    assert child.call("/pluginv2.Data/QueryData", b"", pb.QueryDataResponse).responses == {}
    request = pb.QueryDataRequest(queries=[pb.DataQuery(refId="A")])
    error = child.call("/pluginv2.Data/QueryData", request, pb.QueryDataResponse).responses["A"].error
    assert "names no data source" in error
    health = child.call("/pluginv2.Diagnostics/CheckHealth", b"", pb.CheckHealthResponse)
    assert health.status == pb.CheckHealthResponse.OK
    parts = list(child.channel.unary_stream("/pluginv2.Resource/CallResource")(b"", timeout=10))
    assert pb.CallResourceResponse.FromString(parts[0]).code == 400


def test_resources_keep_bytes_as_they_are(child: Child) -> None:
    """CallResource sends code and headers in the first message alone and preserves binary bodies of any size."""
    body = os.urandom(3 << 20)
    request = pb.CallResourceRequest(pluginContext=context(), path="a%20b", method="POST", body=body)
    raw = child.channel.unary_stream("/pluginv2.Resource/CallResource")(request.SerializeToString(), timeout=10)
    parts = [pb.CallResourceResponse.FromString(part) for part in raw]

    assert b"".join(part.body for part in parts) == body
    assert [part.code for part in parts] == [200, 0, 0]
    assert parts[0].headers["X-Path"].values == ["a%20b"]


@pytest.mark.parametrize("cookie", [{}, {"grafana_plugin_type": "panel"}, {"GRAFANA_PLUGIN_TYPE": "datasource"}])
def test_without_the_cookie_it_explains_itself(stub_folder: Path, cookie: dict[str, str]) -> None:
    """Without the cookie: nothing on stdout, a readable message on stderr, status 1."""
    path = ":".join(map(str, (HERE, SOURCE, stub_folder)))
    done = subprocess.run(
        [sys.executable, "-m", "fixtures.sample_main"],
        env={"PYTHONPATH": path, **cookie},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, b"")
    assert b"started by Grafana" in done.stderr


def test_socket_shuts_others_out(child: Child) -> None:
    """On unix neither the socket nor its folder is accessible to other users."""
    socket = Path(child.line.split("|")[3])

    assert socket.stat().st_mode & 0o077 == 0
    assert socket.parent.stat().st_mode & 0o077 == 0


def test_socket_goes_where_the_host_says(stub_folder: Path, tmp_path: Path) -> None:
    """With PLUGIN_UNIX_SOCKET_DIR set, the socket is inside that folder, and is removed on exit."""
    told = tmp_path / "told"
    told.mkdir()
    with plugin(stub_folder, tmp_path, PLUGIN_UNIX_SOCKET_DIR=str(told)) as child:
        assert Path(child.line.split("|")[3]).parent == told
        child.ping()
        child.shutdown()

    assert list(told.iterdir()) == []


def test_socket_falls_back_to_loopback(stub_folder: Path, tmp_path: Path) -> None:
    """When the told folder's path is too long for a socket, the plugin listens on a loopback address."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with plugin(stub_folder, tmp_path, PLUGIN_UNIX_SOCKET_DIR=str(deep)) as child:
        _, _, network, address, *_ = child.line.split("|")
        child.ping()

    assert network == "tcp"
    assert address.startswith("127.0.0.1:")


def test_socket_path_may_have_spaces_and_letters(stub_folder: Path, tmp_path: Path) -> None:
    """A temp folder with spaces and non-ASCII letters works."""
    odd = tmp_path / "données ☃"
    odd.mkdir()
    with plugin(stub_folder, tmp_path, TMPDIR=str(odd)) as child:
        child.ping()

    assert child.line.split("|")[3].startswith(str(odd))
