"""Channels and chunked answers, through the real client."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hostclient import HostError
from messages import context, query, query_request
from processes import ends_well, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host, Plugin


def channel(path: str, data: object = None) -> dict[str, Any]:
    """Describe a request about a channel."""
    text = b"" if data is None else json.dumps(data).encode()
    return {"pluginContext": context(), "path": path, "data": base64.b64encode(text).decode()}


@pytest.mark.shows("protocol 68")
@pytest.mark.parametrize(
    ("path", "status", "data"),
    [("any", "OK", {"a": 1}), ("nowhere", "NOT_FOUND", None), ("secret", "PERMISSION_DENIED", None)],
)
def test_subscribing_has_three_answers(running: Plugin, path: str, status: str, data: object) -> None:
    """The client reads the status, and the data that a subscriber gets first (item 68)."""
    answer = running.ask("subscribe", request=channel(path, {"a": 1}))

    assert (answer["status"], json.loads(answer["data"] or "null")) == (status, data)


@pytest.mark.shows("protocol 68")
def test_subscriber_may_get_a_frame_first(running: Plugin) -> None:
    """Initial data is frame JSON with a schema (item 68)."""
    frame = json.loads(running.ask("subscribe", request=channel("frame"))["data"])

    assert frame["schema"]["fields"][0]["name"] == "n"
    assert frame["data"]["values"] == [[7]]


def test_publishing_gives_back_what_is_broadcast(running: Plugin) -> None:
    """All subscribers get the handler's return value; the handler may refuse."""
    assert json.loads(running.ask("publish", request=channel("any", [1, 2]))["data"]) == [1, 2]
    assert running.ask("publish", request=channel("secret", 1))["status"] == "PERMISSION_DENIED"


@pytest.mark.shows("protocol 69", "protocol 70")
def test_stream_ends_when_its_handler_returns(running: Plugin) -> None:
    """Packets are JSON in order, and a normal return ends the stream without an error (items 69, 70)."""
    answer = running.ask("run_stream", request=channel("three"))

    assert [json.loads(packet) for packet in answer["packets"]] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert answer["ended"] == "eof"


def test_packets_may_be_frames(running: Plugin) -> None:
    """A frame is sent as frame JSON (item 69)."""
    (packet,) = running.ask("run_stream", request=channel("frame"))["packets"]

    assert json.loads(packet)["data"]["values"] == [[7]]


@pytest.mark.shows("protocol 59", "protocol 70")
def test_cancelled_stream_ends_at_once(host: Host, probe: Path) -> None:
    """When the host stops reading, the handler is cancelled within a second (items 59, 70)."""
    plugin = host.start(probe)
    answer = plugin.ask("run_stream", request=channel("endless"), count=5)
    seconds = eventually(lambda: any("was cancelled" in line["message"] for line in plugin.logs()), within_s=2)

    assert len(answer["packets"]) == 5
    assert seconds < 1


@pytest.mark.shows("protocol 71")
def test_fifty_streams_starve_no_query(host: Host, probe: Path) -> None:
    """While 50 channels run, queries and health checks are answered (item 71)."""
    plugin = host.start(probe)
    streams = [plugin.send("run_stream", request=channel("endless"), count=0) for _ in range(50)]
    time.sleep(0.5)
    began = time.monotonic()
    for _ in range(5):
        assert plugin.query(query())["A"]["status"] == 200
        assert plugin.health()["status"] == "OK"
    seconds = time.monotonic() - began
    for stream in streams:
        plugin.host.ask("cancel", id=stream.number)

    assert seconds < 5
    assert all(stream.result()["packets"] for stream in streams)


@pytest.mark.shows("protocol 27")
def test_kill_is_quick_while_streams_run(host: Host, probe: Path) -> None:
    """An active RunStream and a query that blocks for a minute do not delay the shutdown (items 26, 27)."""
    plugin = host.start(probe)
    plugin.send("run_stream", request=channel("endless"), count=0)
    plugin.query(query())
    blocked = plugin.send("query", request=query_request(query(kind="sleep", seconds=60)))
    time.sleep(0.5)

    ends_well(plugin)
    assert blocked.answer.exception(10) is not None


@pytest.mark.shows("protocol 57", "protocol 60")
def test_downstream_failure_of_a_call_names_its_source(running_python: Plugin) -> None:
    """The client finds the error source in the status details (item 60)."""
    with pytest.raises(HostError) as caught:
        running_python.ask("subscribe", request=channel("downstream"))

    assert (caught.value.code, caught.value.source) == ("Unknown", "downstream")
    assert caught.value.message == "the broker is away"


@pytest.mark.shows("protocol 72")
@pytest.mark.parametrize("form", ["JSON", "ARROW"])
def test_chunks_of_a_query_arrive_in_order(running: Plugin, form: str) -> None:
    """Each part names query and frame; JSON has the schema once, and every Arrow part can be decoded (item 72)."""
    chunks = running.ask("query_chunked", request=query_request(query(rows=3), query("B", rows=2), format=form))[
        "chunks"
    ]
    own = [chunk for chunk in chunks if chunk["ref_id"] == "A"]

    assert [(chunk["frame_id"], chunk["status"], chunk["format"]) for chunk in own] == [("0", 200, form)] * 3
    assert len(chunks) == 5
    if form == "JSON":
        assert ["schema" in chunk["frames"][0]["json"] for chunk in own] == [True, False, False]
        assert [chunk["frames"][0]["json"]["data"]["values"] for chunk in own] == [[[0]], [[1]], [[2]]]
    else:
        assert [chunk["frames"][0]["fields"][0]["values"] for chunk in own] == [[0], [1], [2]]
