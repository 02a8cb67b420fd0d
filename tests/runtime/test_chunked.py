"""QueryChunkedData: answers in parts, from generators of both kinds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from calls import Plain, Services
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import DownstreamError, Field, Frame, Query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Sync(Plain):
    """Answers in parts."""

    def query_chunked(self, query: Query[dict[str, Any]]) -> Iterator[object]:
        match query.model.get("do"):
            case "two frames":
                yield "errors", Frame.of(v=[1])
                yield "hosts", Frame.of(host=["a"])
                yield "errors", Frame.of(v=[2])
            case "list":
                yield [Frame.of(v=[1]), Frame.of(v=[2])]
            case "fail":
                yield Frame.of(v=[1])
                raise DownstreamError("the database is away", status=503)
            case "other columns":
                yield Frame.of(v=[1])
                yield Frame.of(w=[1])
            case "logs":
                yield Frame.of(line=["a"]).with_meta(preferredVisualisationType="logs", channel="ds/x/y")
            case "channel":
                yield "live", Frame(fields=[Field("v", [1])], meta={"channel": "ds/x/y"})
            case "lines":
                yield Frame(fields=[Field("json", pa.array([b'{\n"a": 1}']), "json")], meta={"custom": {"a": "x\ny"}})
            case _:
                for number in range(3):
                    yield Frame.of(time=[query.time_range.start], v=[number])


class Async(Sync):
    """The same on a loop."""

    async def query_chunked(self, query: Query[dict[str, Any]]) -> AsyncIterator[object]:  # type: ignore[override]
        for item in super().query_chunked(query):
            yield item


@pytest.fixture(params=[Sync, Async])
def services(request: pytest.FixtureRequest) -> Services:
    """Return the services of both kinds."""
    return Services(request.param)


def ask(
    services: Services, *models: dict[str, Any], is_json: bool = True, frm: int | None = None, alert: bool = False
) -> list[pb.QueryChunkedDataResponse]:
    """Ask queries A, B, ... and collect the chunks."""
    queries = [pb.DataQuery(refId=chr(65 + i), json=json.dumps(model).encode()) for i, model in enumerate(models)]
    request = pb.QueryChunkedDataRequest(
        pluginContext=context(),
        queries=queries,
        format=pb.JSON if is_json else pb.ARROW,
        headers={"FromAlert": "true"} if alert else {},
    )
    if frm is not None:
        request.format = frm  # type: ignore[assignment]  # an open enum
    return services.stream("Data/QueryChunkedData", request, pb.QueryChunkedDataResponse)


@pytest.mark.shows("protocol 72")
def test_first_json_chunk_has_the_schema_and_later_ones_do_not(services: Services) -> None:
    """Each chunk has ref id, frame id, status and format; the first has schema and data, later ones data (item 72)."""
    chunks = ask(services, {})

    assert [(chunk.refId, chunk.frameId, chunk.status, chunk.format) for chunk in chunks] == [("A", "0", 200, 1)] * 3
    assert [sorted(json.loads(chunk.frame)) for chunk in chunks] == [["data", "schema"], ["data"], ["data"]]
    assert [json.loads(chunk.frame)["data"]["values"][1] for chunk in chunks] == [[0], [1], [2]]


def test_chunks_of_a_frame_have_its_type_and_ref_id(services: Services) -> None:
    """The schema carries what alert rules look for, and the query's ref id."""
    schema = json.loads(ask(services, {})[0].frame)["schema"]

    assert schema["refId"] == "A"
    assert schema["meta"]["type"] == "timeseries-wide"


def test_each_frame_sends_its_schema_once(services: Services) -> None:
    """Each of two frames of one query, which differ in their ids, has its schema (item 72)."""
    chunks = ask(services, {"do": "two frames"})

    assert [(chunk.frameId, "schema" in json.loads(chunk.frame)) for chunk in chunks] == [
        ("errors", True),
        ("hosts", True),
        ("errors", False),
    ]


def test_frames_yielded_together_get_different_ids(services: Services) -> None:
    """The frames of a list without ids get the ids 0, 1 and so on."""
    assert [chunk.frameId for chunk in ask(services, {"do": "list"})] == ["0", "1"]


@pytest.mark.shows("protocol 72")
def test_json_chunks_are_single_lines(services: Services) -> None:
    """Hosts forward chunks as JSON lines, so no chunk has a line break; the JSON is unchanged otherwise (item 72)."""
    (chunk,) = ask(services, {"do": "lines"})
    frame = json.loads(chunk.frame)

    assert b"\n" not in chunk.frame
    assert frame["schema"]["meta"]["custom"] == {"a": "x\ny"}
    assert frame["data"]["values"][0][0] == {"a": 1}


def test_arrow_chunks_are_whole_files(services: Services) -> None:
    """Every Arrow chunk can be read by itself; an unknown format is answered in Arrow."""
    for chunks in (ask(services, {}, is_json=False), ask(services, {}, frm=9)):
        tables = [pa.ipc.open_file(chunk.frame).read_all() for chunk in chunks]

        assert [chunk.format for chunk in chunks] == [0, 0, 0]
        assert [table.column("v").to_pylist() for table in tables] == [[0], [1], [2]]


@pytest.mark.parametrize("is_json", [True, False])
def test_a_failed_query_ends_with_its_error_and_the_other_is_answered(services: Services, *, is_json: bool) -> None:
    """Chunks before the failure arrive; the error has status and source; the other query is answered completely."""
    chunks = ask(services, {"do": "fail"}, {}, is_json=is_json)
    chunks_of_a = [chunk for chunk in chunks if chunk.refId == "A"]

    assert [(chunk.status, chunk.error, chunk.errorSource) for chunk in chunks_of_a] == [
        (200, "", ""),
        (503, "the database is away", "downstream"),
    ]
    assert len([chunk for chunk in chunks if chunk.refId == "B"]) == 3


def test_error_chunks_can_be_decoded_in_arrow(services: Services) -> None:
    """Some hosts decode the frame before they read the error, so Arrow has an empty frame; JSON has none."""
    (arrow,) = [chunk for chunk in ask(services, {"do": "fail"}, is_json=False) if chunk.error]
    (text,) = [chunk for chunk in ask(services, {"do": "fail"}) if chunk.error]

    assert pa.ipc.open_file(arrow.frame).read_all().num_columns == 0
    assert text.frame == b""


def test_parts_of_one_frame_must_have_the_same_columns(services: Services) -> None:
    """Rows of other columns would be appended to wrong columns; the error names both."""
    chunks = ask(services, {"do": "other columns"})

    assert chunks[1].error == ("the parts of frame '0' have different columns: [('v', 'int64')] and [('w', 'int64')]")


def test_an_invalid_model_fails_only_its_query() -> None:
    """A query that can't be decoded fails alone."""
    chunks = ask(Services(Sync), 5, {})  # type: ignore[arg-type]  # the mistake to test

    assert {chunk.refId: chunk.status for chunk in chunks} == {"A": 400, "B": 200}


def test_alert_rules_get_an_error_for_logs_and_no_channels(services: Services) -> None:
    """As in QueryData, logs are refused with a sentence, and live channels are removed; panels get both."""
    rule = {chunk.refId: chunk for chunk in ask(services, {"do": "logs"}, {"do": "channel"}, alert=True)}
    panel = {chunk.refId: chunk for chunk in ask(services, {"do": "logs"}, {"do": "channel"})}

    assert rule["A"].error.startswith("This query gives logs, which alert rules can't read")
    assert (rule["A"].status, panel["A"].status) == (400, 200)
    assert "channel" not in json.loads(rule["B"].frame)["schema"].get("meta", {})
    assert json.loads(panel["B"].frame)["schema"]["meta"]["channel"] == "ds/x/y"
