"""QueryData with the header that enables traffic capture: the captured requests, and the frame that has them."""

from __future__ import annotations

import asyncio
import contextvars
import json
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from calls import Plain, Services, queries
from pluginv2 import backend_pb2 as pb

from gfruntime import AsyncHttpClient, DownstreamError, Frame, HttpClient, HttpSettings, Query, Settings
from gfruntime.frames import arrow
from gfruntime.logs.traffic import Traffic
from gfruntime.sql.macros import expand_sql

if TYPE_CHECKING:
    from upstreams import Server

pytestmark = pytest.mark.usefixtures("without_proxies")

SQL = "SELECT 1 AS v WHERE $__timeFilter(1)"


class Asking(Plain):
    """Sends requests to upstreams in threads."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Make a client."""
        self.http = HttpClient(HttpSettings(url=settings.options["url"]))

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        match query.model.get("do"):
            case "fail":
                raise DownstreamError(f"{self.http.get('/status/500').status}")
            case "sql":
                expand_sql(SQL, query)
                with closing(sqlite3.connect(":memory:")) as connection:
                    return Frame.from_cursor(connection.execute("SELECT 1 AS v"))
            case "threads":
                work = contextvars.copy_context().run
                threads = [threading.Thread(target=work, args=(self.http.get, "/own"))]
                threads.append(threading.Thread(target=self.http.get, args=("/lost",)))
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
            case "nothing":
                pass
            case _:
                self.http.get(f"/{query.ref_id}")
        return Frame.of(v=[1])


class AsyncAsking(Plain):
    """Sends requests to upstreams from a loop."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Make a client."""
        self.http = AsyncHttpClient(HttpClient(HttpSettings(url=settings.options["url"])))

    async def query(self, query: Query[dict[str, Any]]) -> Frame:  # type: ignore[override]  # async
        await asyncio.gather(*(asyncio.create_task(self.http.get(f"/{query.ref_id}{n}")) for n in range(2)))
        return Frame.of(v=[1])


class BatchAsking(Asking):
    """Sends requests for several queries at once."""

    def query_batch(self, queries: list[Query[dict[str, Any]]]) -> dict[str, Frame]:
        return {query.ref_id: self.query(query) for query in queries}


def ask(kind: type, server: Server, *models: dict[str, Any], header: str = "true", **more: Any) -> dict[str, Any]:
    """Ask queries A, B, ...; with an empty header for no traffic."""
    request = queries(*models, **({"refs": more["refs"]} if "refs" in more else {}))
    request.pluginContext.dataSourceInstanceSettings.jsonData = json.dumps({"url": server.url}).encode()
    request.headers.update({"X-Grafana-HAR-Capture": header} if header else {})
    if more.get("is_json"):
        request.format = pb.JSON
    return Services(kind).query(request)


def entries(responses: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the traffic from its frame."""
    response = responses["__har__u1"]
    [frame] = [arrow.decode(each) for each in response.frames]
    assert (response.status, response.error, frame.name, frame.ref_id) == (200, "", "__har__u1", "__har__u1")
    assert (list(frame.fields), list(frame.meta or {})) == ([], ["custom"])
    custom: Any = (frame.meta or {})["custom"]
    assert list(custom) == ["har"]
    return list(json.loads(custom["har"])["log"]["entries"])


@pytest.mark.parametrize("kind", [Asking, BatchAsking])
def test_requests_in_threads_are_captured(kind: type, server: Server) -> None:
    """The requests of all queries are in one frame beside the frames of the queries."""
    responses = ask(kind, server, {}, {})

    assert set(responses) == {"A", "B", "__har__u1"}
    assert sorted(entry["request"]["url"] for entry in entries(responses)) == [f"{server.url}/A", f"{server.url}/B"]


def test_requests_on_the_loop_are_captured(server: Server) -> None:
    """Requests of tasks are captured too."""
    urls = sorted(entry["request"]["url"] for entry in entries(ask(AsyncAsking, server, {}, {})))

    assert urls == [f"{server.url}/{name}" for name in ("A0", "A1", "B0", "B1")]


def test_a_thread_is_captured_if_it_runs_in_the_context(server: Server) -> None:
    """A thread that the author starts needs a copy of the call's context."""
    [entry] = entries(ask(Asking, server, {"do": "threads"}))

    assert entry["request"]["url"] == f"{server.url}/own"
    assert len(server.requests) == 2


def test_a_failed_query_has_traffic(server: Server) -> None:
    """The query keeps its own error."""
    responses = ask(Asking, server, {"do": "fail"})

    assert responses["A"].error == "500"
    assert entries(responses)[0]["response"]["status"] == 500


def test_macros_and_cursors_are_captured(server: Server) -> None:
    """Each has the ref id of its query; SQLite does not report its statement."""
    macro_entry, read = entries(ask(Asking, server, {"do": "sql"}))

    assert macro_entry["request"]["postData"]["text"].startswith("SELECT 1 AS v WHERE 1 >= '")
    assert (macro_entry["_query"]["kind"], macro_entry["_query"]["refId"]) == ("sql.macros", "A")
    assert (macro_entry["response"]["status"], macro_entry["_query"]["rowCount"]) == (0, -1)
    assert (read["_query"]["kind"], read["_query"]["refId"], read["_query"]["rowCount"]) == ("sql.query", "A", 1)


@pytest.mark.parametrize("header", ["", "True", "1", "TRUE", "true "])
def test_only_the_exact_header_turns_capture_on(server: Server, header: str) -> None:
    """Other spellings of the value do not enable it."""
    assert set(ask(Asking, server, {}, header=header)) == {"A"}


def test_a_call_without_traffic_gets_no_frame(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """A log line says that the call has no traffic."""
    caplog.set_level("INFO")

    assert set(ask(Asking, server, {"do": "nothing"})) == {"A"}
    assert any(record.message.startswith("HAR capture: the call used no HttpClient") for record in caplog.records)


def test_a_query_with_the_ref_id_of_the_traffic_frame_is_answered(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Users choose ref ids, so the query keeps its name, and the traffic is left out."""
    responses = ask(Asking, server, {}, refs=["__har__u1"])

    assert len(arrow.decode(responses["__har__u1"].frames[0])) == 1
    assert "the traffic is not shown" in caplog.text


def test_responses_in_json_have_the_traffic_too(server: Server) -> None:
    """The host may ask for frames in JSON."""
    response = ask(Asking, server, {}, is_json=True)["__har__u1"]
    custom = json.loads(response.frames[0])["schema"]["meta"]["custom"]

    assert response.format == pb.JSON
    assert len(json.loads(custom["har"])["log"]["entries"]) == 1


def test_a_failure_to_write_traffic_does_not_change_the_answers(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document may need more memory than is free."""

    def fail(_: object) -> str:
        raise MemoryError

    monkeypatch.setattr(Traffic, "document", fail)

    assert set(ask(Asking, server, {})) == {"A"}
    assert "the traffic can't be shown" in caplog.text


def test_traffic_is_emptied_after_the_call(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """No entry stays in memory once the call is answered."""
    recordings: list[Traffic] = []
    begin = Traffic.__init__

    def remember(self: Traffic, **source: Any) -> None:
        recordings.append(self)
        begin(self, **source)

    monkeypatch.setattr(Traffic, "__init__", remember)
    ask(Asking, server, {})

    assert [len(each) for each in recordings] == [0]


def test_the_metadata_cache_skips_large_metadata() -> None:
    """Otherwise the cache would keep the traffic of the last calls in memory."""
    before = arrow._metadata.cache_info().currsize
    arrow.encode(Frame(meta={"custom": {"har": "x" * 70_000}}))

    assert arrow._metadata.cache_info().currsize == before
