"""A plugin process from outside: its output and logs, early calls, and its end."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import grpc
import pytest
from children import HERE, Child, plugin
from places import SOURCE
from pluginv2 import backend_pb2 as pb
from processes import eventually

from gfruntime.serving.tls import self_signed

pytestmark = pytest.mark.timeout(60)


@pytest.mark.shows("protocol 25")
def test_the_health_service_answers_for_two_names(child: Child) -> None:
    """Health answers SERVING for "plugin" and "", NOT_FOUND for unknown names."""
    assert child.ping("plugin") == b"\x08\x01"
    assert child.ping("") == b"\x08\x01"
    with pytest.raises(grpc.RpcError) as caught:
        child.ping("elsewhere")

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_calls_before_loading_wait_for_it(stub_folder: Path, tmp_path: Path) -> None:
    """The handshake does not wait for the author's module, but an early call does."""
    with plugin(stub_folder, tmp_path, kind="slow") as child:
        assert child.ping() == b"\x08\x01"
        assert not any(entry["@message"] == "Plugin Request Completed" for entry in child.logs())
        assert child.check_health().message == "sample"


@pytest.mark.shows("protocol 11", "protocol 23", "errors: something prints to stdout")
def test_prints_become_log_lines(child: Child) -> None:
    """Output of user code, descriptor writes and child processes is in the log; stdout has only the handshake."""
    child.query({"do": "print", "size": 3})
    child.shutdown()
    assert child.process.stdout is not None

    printed = [entry["@message"] for entry in child.logs() if entry["@module"] == "stdout"]
    assert "xxxraw bytes" in printed
    assert "a child's words" in printed
    assert any(entry["@message"] == "a library's complaint" for entry in child.logs() if entry["@module"] == "stderr")
    assert re.fullmatch(r"1\|2\|(unix|tcp)\|[^|]+\|grpc\|?\n", child.line)
    assert child.process.stdout.read() == b""


@pytest.mark.shows("protocol 37", "protocol 42")
def test_failed_threads_and_warnings_are_logged(child: Child) -> None:
    """A thread's exception is a log entry with its traceback, and a warning is a log entry, too."""
    child.query({"do": "log"})
    child.shutdown()
    entries = child.logs()

    assert any(entry["@message"].startswith("A thread failed") and "Traceback" in entry["stack"] for entry in entries)
    assert any("a warning" in entry["@message"] for entry in entries)


@pytest.mark.shows("protocol 42")
def test_a_failed_task_is_logged(async_child: Child) -> None:
    """The exception of a task without an awaiter is a log line, and its query is answered."""
    assert async_child.query({"do": "task"})["A"].status == 200
    eventually(lambda: any("never retrieved" in entry["@message"] for entry in async_child.logs()))


def test_a_host_that_reads_no_log_blocks_nothing(stub_folder: Path, tmp_path: Path) -> None:
    """A full stderr pipe blocks no query: log lines are dropped instead."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb"), os.fdopen(writer, "wb"), plugin(stub_folder, tmp_path, descriptor=writer) as child:
        for _ in range(3):
            assert child.query({"do": "print", "size": 4 << 20})["A"].status == 200
        assert child.shutdown() < 2


@pytest.mark.shows("protocol 59")
def test_cancelled_call_cancels_a_coroutine(async_child: Child, tmp_path: Path) -> None:
    """A cancelled RPC cancels an async handler within 1 s."""
    marker = tmp_path / "marker"
    async_child.query({})
    answer = async_child.start_query({"seconds": 20}, marker=str(marker))
    time.sleep(0.3)
    answer.cancel()

    eventually(marker.exists, within_s=1)


@pytest.mark.shows("protocol 16")
def test_other_users_cannot_access_the_socket(child: Child) -> None:
    """On Unix other users can access neither the socket nor its folder."""
    socket = Path(child.line.split("|")[3])

    assert socket.stat().st_mode & 0o077 == 0
    assert socket.parent.stat().st_mode & 0o077 == 0


@pytest.mark.shows("protocol 26")
def test_shutdown_loses_no_answer_in_flight(child: Child) -> None:
    """Shutdown is held until a query of 800 ms is answered."""
    child.query({})
    answer = child.start_query({"do": "sleep", "seconds": 0.8})
    time.sleep(0.2)
    seconds = child.shutdown()

    assert pb.QueryDataResponse.FromString(answer.result()).responses["A"].status == 200
    assert seconds < 1.5


def test_shutdown_during_loading_is_quick(stub_folder: Path, tmp_path: Path) -> None:
    """A process that is still importing ends as fast as others."""
    with plugin(stub_folder, tmp_path, kind="slow") as child:
        assert child.shutdown() < 2
        assert child.process.returncode == 0


@pytest.mark.shows("protocol 32")
def test_sigterm_disposes_and_exits_with_0(child: Child, tmp_path: Path) -> None:
    """SIGTERM leads to exit status 0 within 2 s, after instance disposal."""
    marker = tmp_path / "marker"
    child.query({}, marker=str(marker))
    began = time.monotonic()
    child.process.send_signal(signal.SIGTERM)

    assert child.process.wait(10) == 0
    assert time.monotonic() - began < 2
    assert marker.read_text(encoding="utf-8") == "disposed\n"


@pytest.mark.shows("protocol 30")
def test_a_fork_does_not_hold_the_hosts_pipes(child: Child) -> None:
    """A forked process that may still log keeps neither stdout nor stderr open after the end."""
    child.query({"do": "fork", "seconds": 20})
    eventually(lambda: any("from the fork" in entry["@message"] for entry in child.logs()))
    child.shutdown()
    assert child.process.stdout is not None
    began = time.monotonic()
    child.process.stdout.read()  # reads until end of file

    assert time.monotonic() - began < 1


@pytest.mark.shows("protocol 19")
def test_without_cryptography_the_process_logs_what_to_install(stub_folder: Path, tmp_path: Path) -> None:
    """Without cryptography, one line on stderr says so, the server does not start, and no file stays."""
    hidden, temporary = tmp_path / "hidden", tmp_path / "temporary"
    hidden.mkdir()
    temporary.mkdir()
    (hidden / "cryptography.py").write_text("raise ImportError('it is not there')", encoding="utf-8")
    path = ":".join(map(str, (hidden, HERE, SOURCE, stub_folder)))
    pem = self_signed().pem
    with plugin(stub_folder, tmp_path, PLUGIN_CLIENT_CERT=pem, PYTHONPATH=path, TMPDIR=str(temporary)) as child:
        status = child.process.wait(20)
        [entry] = child.logs()

    assert (status, child.line) == (1, "")
    assert entry["@level"] == "error"
    assert "cryptography (it is not there): add `cryptography` to the dependencies" in entry["@message"]
    assert list(temporary.iterdir()) == []
