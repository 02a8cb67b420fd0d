"""QueryData as Grafana calls it: the handler's arguments, the answers, and separate failures."""

from __future__ import annotations

import base64
import contextlib
import time
from typing import TYPE_CHECKING, Any

import pytest
from hostclient import HostError
from messages import START_MS, context, query, query_request, settings
from processes import eventually

if TYPE_CHECKING:
    from hostclient import Plugin


def echo(answer: dict[str, Any]) -> dict[str, Any]:
    """Read the handler's arguments from the probe's answer."""
    return answer["frames"][0]["fields"][0]["values"][0]  # type: ignore[no-any-return]  # JSON


def has_logged(plugin: Plugin, message: str) -> bool:
    """Tell whether the plugin has logged a message."""
    return message in [entry["message"] for entry in plugin.logs()]


def test_handler_sees_the_query(running: Plugin) -> None:
    """Ref id, time range, interval, data points and the data source's settings arrive unchanged."""
    source = settings({"health": ""}, secrets={"token": "s3cr3t"}, name="Sales", uid="sales", number=5)
    received = echo(running.query(query("A", kind="echo"), settings=source)["A"])
    del received["instance"]

    assert received == {
        "ref_id": "A",
        "query_type": "",
        "max_data_points": 100,
        "interval_ms": 60_000,
        "start_ms": START_MS,
        "end_ms": START_MS + 3_600_000,
        "from_alert": False,
        "rule": "",
        "org_id": 1,
        "plugin_id": "gfplug-probe-datasource",
        "login": "ada",
        "name": "Sales",
        "secret": "s3cr3t",
    }


@pytest.mark.shows("protocol 75")
def test_handler_recognises_an_alert_rule(running: Plugin) -> None:
    """An alert rule's query has no user, the FromAlert header, and the rule's name among the HTTP headers (74, 75)."""
    answer = running.ask(
        "query",
        request=query_request(query("A", kind="echo"))
        | {
            "pluginContext": context(user=None),
            "headers": {"FromAlert": "true", "http_X-Rule-Name": "Too%20many"},
        },
    )
    received = echo(answer["responses"]["A"])

    assert (received["from_alert"], received["rule"], received["login"]) == (True, "Too%20many", "")


@pytest.mark.shows("protocol 51")
@pytest.mark.parametrize("ref_id", ["B", "a query / with $dollars", "Größe ☃"])
def test_every_ref_id_is_answered(running: Plugin, ref_id: str) -> None:
    """Any text can be a ref id, and the answer has it as key and in its frames (items 51, 55)."""
    answers = running.query(query("A"), query(ref_id))

    assert answers.keys() == {"A", ref_id}
    assert answers[ref_id]["frames"][0]["ref_id"] == ref_id


@pytest.mark.shows("protocol 51")
def test_a_ref_id_asked_twice_is_answered(running: Plugin) -> None:
    """Two queries with one ref id do not crash the plugin (item 51)."""
    assert running.query(query("A"), query("A", rows=1))["A"]["status"] == 200


@pytest.mark.shows("protocol 52")
@pytest.mark.parametrize(("kind", "frames"), [("series", 1), ("empty", 0)])
def test_success_is_status_200_without_an_error(running: Plugin, kind: str, frames: int) -> None:
    """A successful answer has status 200 on the wire, with and without frames; 0 would be read as 500 (item 52)."""
    answer = running.query(query(kind=kind))["A"]

    assert (answer["status"], answer["error"], len(answer["frames"])) == (200, "", frames)


@pytest.mark.shows("protocol 53", "protocol 56")
@pytest.mark.parametrize(
    ("kind", "status", "source", "words"),
    [
        ("fail", 404, "plugin", "no such table"),
        ("downstream", 503, "downstream", "the database is away"),
        ("raise", 500, "plugin", "something nobody meant"),
    ],
)
def test_one_failing_query_leaves_the_others_whole(
    running: Plugin, kind: str, status: int, source: str, words: str
) -> None:
    """A failure has its status and source, and affects only its ref id (items 53, 56)."""
    answers = running.query(query("A"), query("B", kind=kind), query("C"))

    assert [answers[ref]["status"] for ref in "ABC"] == [200, status, 200]
    assert answers["B"]["source"] == source
    assert words in answers["B"]["error"]


@pytest.mark.shows("errors: a partial response")
@pytest.mark.parametrize("form", ["ARROW", "JSON"])
def test_a_partial_answer_is_frames_and_an_error(running_python: Plugin, form: str) -> None:
    """The host decodes both, and another query of the request is answered completely."""
    answers = running_python.query(query("A", kind="partial", rows=3), query("B"), format=form)

    assert (answers["A"]["status"], answers["A"]["source"]) == (502, "downstream")
    assert answers["A"]["error"] == "2 of 3 shards are away"
    assert [frame["rows"] for frame in answers["A"]["frames"]] == [3]
    assert answers["A"]["frames"][0]["fields"] == running_python.query(query("A", rows=3))["A"]["frames"][0]["fields"]
    assert (answers["B"]["status"], answers["B"]["error"]) == (200, "")


@pytest.mark.parametrize("form", ["ARROW", "JSON"])
def test_a_partial_answer_in_chunks_ends_with_its_error(running_python: Plugin, form: str) -> None:
    """The yielded frames come first, then the error's frames as the next part, then the error."""
    request = query_request(query("A", kind="partial", rows=2), format=form)
    *parts, last = running_python.ask("query_chunked", request=request)["chunks"]
    values = [
        part["frames"][0]["json"]["data"]["values"][0] if form == "JSON" else part["frames"][0]["fields"][0]["values"]
        for part in parts
    ]

    assert values == [[0], [1], [2]]
    assert [(part["frame_id"], part["error"]) for part in parts] == [("0", "")] * 3
    assert (last["error"], last["status"], last["source"]) == ("2 of 3 shards are away", 502, "downstream")


@pytest.mark.shows("protocol 58")
def test_a_handler_that_returns_nothing_is_an_error(running_python: Plugin) -> None:
    """None is an error, never an empty success (item 58)."""
    answer = running_python.query(query(kind="nothing"))["A"]

    assert answer["status"] == 500
    assert answer["error"]


@pytest.mark.shows("protocol 54")
@pytest.mark.parametrize("format_", ["ARROW", "JSON"])
def test_format_describes_the_bytes(running: Plugin, format_: str) -> None:
    """A request for JSON gets JSON, any other gets Arrow; both decode to the same frame (item 54)."""
    answer = running.query(query(), format=format_)["A"]

    assert answer["format"] == format_
    assert answer["frames"] == running.query(query())["A"]["frames"]


@pytest.mark.shows("protocol 50", "protocol 54")
def test_an_unknown_format_is_answered_in_arrow(running_python: Plugin) -> None:
    """An unknown format gets Arrow, labelled as Arrow (items 50, 54)."""
    assert running_python.query(query(), format=7)["A"]["format"] == "ARROW"


@pytest.mark.shows("protocol 50")
def test_unknown_fields_are_ignored(running: Plugin) -> None:
    """Fields that a newer Grafana adds to a request do no harm (item 50)."""
    field_999 = base64.b64encode(b"\xba\x3e" + b"\x03new").decode()  # the field's tag, the length 3, the bytes
    answer = running.ask("query", request=query_request(query()), extra=field_999)

    assert answer["responses"]["A"]["status"] == 200


@pytest.mark.shows("protocol 49")
@pytest.mark.parametrize("op", ["query", "check_health", "resource", "collect_metrics"])
def test_an_empty_request_is_answered_or_refused(running: Plugin, op: str) -> None:
    """A request without a context is answered or refused, and the next one is answered (item 49)."""
    with contextlib.suppress(HostError):
        running.ask(op, request={})

    assert running.query(query())["A"]["status"] == 200
    assert not running.state()["exited"]


@pytest.mark.shows("protocol 28", "protocol 29")
def test_64_queries_run_concurrently(running: Plugin) -> None:
    """64 calls of half a second run concurrently, while go-plugin's streams are open (items 28, 29)."""
    running.query(query())
    begin = time.monotonic()
    queries = [
        running.send("query", request=query_request(query(f"Q{number}", kind="sleep", seconds=0.5)))
        for number in range(64)
    ]
    answers = [pending.result() for pending in queries]

    assert [answer["responses"][f"Q{number}"]["status"] for number, answer in enumerate(answers)] == [200] * 64
    assert time.monotonic() - begin < 64 * 0.5 / 4


@pytest.mark.shows("protocol 59")
def test_cancelling_a_query_cancels_its_handler(running: Plugin) -> None:
    """When Grafana cancels a query, its handler is cancelled within a second (item 59)."""
    waiting = running.send("query", request=query_request(query(kind="wait", seconds=30)))
    eventually(lambda: has_logged(running, "the probe waits"), within_s=20)
    running.ask("cancel", id=waiting.number)

    eventually(lambda: has_logged(running, "the probe was cancelled"), within_s=1)
    with pytest.raises(HostError, match=r"Canceled|canceled"):
        waiting.result()


def test_on_cancel_functions_of_a_handler_are_called(running_python: Plugin) -> None:
    """A function of `on_cancel` is called within a second, while the handler's thread is busy."""
    waiting = running_python.send("query", request=query_request(query(kind="work", seconds=30)))
    eventually(lambda: has_logged(running_python, "the probe works"), within_s=20)
    running_python.ask("cancel", id=waiting.number)

    eventually(lambda: has_logged(running_python, "the probe was interrupted"), within_s=1)
    with pytest.raises(HostError, match=r"Canceled|canceled"):
        waiting.result()


def test_a_handler_knows_how_long_the_host_waits(running_python: Plugin) -> None:
    """The handler gets the remaining time of the call; its object was started once, before the first query."""
    for _ in range(2):
        answer = running_python.ask("query", request=query_request(query(kind="left")), timeout_s=20)
    time_left, starts = answer["responses"]["A"]["frames"][0]["fields"]

    assert 10 < time_left["values"][0] <= 20
    assert starts["values"] == [1]


@pytest.mark.shows("protocol 48", 'errors: "received message larger than max"')
def test_a_large_response_is_sent(running: Plugin) -> None:
    """A frame of 100 MiB arrives (item 48)."""
    rows = 100 * (1 << 20) // 8
    answer = running.ask("query", request=query_request(query(kind="big", rows=rows)), summary=True)["responses"]["A"]

    assert answer["bytes"] > 100 * (1 << 20)
    assert answer["frames"][0]["rows"] == rows


@pytest.mark.shows("frames 28")
def test_frame_json_is_unchanged_by_the_sdk(running: Plugin) -> None:
    """The SDK decodes and writes it again: type and version say wide, no column is nullable, labels stay."""
    frame: dict[str, Any] = running.query(query(rows=2))["A"]["frames"][0]["json"]

    assert frame == {
        "schema": {
            "name": "series",
            "refId": "A",
            "meta": {"type": "timeseries-wide", "typeVersion": [0, 1]},
            "fields": [
                {"name": "time", "type": "time", "typeInfo": {"frame": "time.Time"}},
                {
                    "name": "value",
                    "type": "number",
                    "typeInfo": {"frame": "float64"},
                    "labels": {"host": "web-1"},
                    "config": {"unit": "percent"},
                },
            ],
        },
        "data": {"values": [[START_MS, START_MS + 60_000], [0, 0.5]]},
    }


@pytest.mark.shows("frames 13")
def test_a_series_without_rows_keeps_its_columns(running: Plugin) -> None:
    """Without rows the answer is a frame with fields and no values, not an error."""
    frame = running.query(query(rows=0))["A"]["frames"][0]

    assert frame["rows"] == 0
    assert [field["type"] for field in frame["fields"]] == ["time.Time", "float64"]
