"""Partial answers: frames, and an error beside them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from calls import Plain, Services, queries
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import DownstreamError, Frame, Query, QueryError
from gfruntime.frames import arrow
from gfruntime.testing import ask, query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

NORTH = Frame.of(region=["north"], value=[1.5])


def _partial(do: str) -> Exception:
    """Make the error of a query with a partial answer."""
    match do:
        case "list":
            return DownstreamError("south is away", status=504, frames=[NORTH, NORTH])
        case "table":
            return DownstreamError("south is away", frames=pa.table({"v": [1.0]}))
        case "large":
            return DownstreamError("south is away", frames=Frame.of(v=list(range(60_000))))
        case "broken":
            return DownstreamError("south is away", frames=["no frame"])  # the error to test
        case "logs":
            return DownstreamError(
                "south is away", frames=Frame.of(line=["a"]).with_meta(preferredVisualisationType="logs")
            )
    return DownstreamError("south is away", frames=NORTH)


class Sync(Plain):
    """Answers partially."""

    def query(self, query: Query[dict[str, Any]]) -> Frame:
        if query.model["do"] == "none":
            return NORTH
        raise _partial(query.model["do"])

    def query_chunked(self, query: Query[dict[str, Any]]) -> Iterator[Frame]:
        yield NORTH
        raise _partial(query.model["do"])


class Async(Sync):
    """The same on a loop."""

    async def query(self, query: Query[dict[str, Any]]) -> Frame:  # type: ignore[override]  # async
        await asyncio.sleep(0)
        return super().query(query)

    async def query_chunked(self, query: Query[dict[str, Any]]) -> AsyncIterator[Frame]:  # type: ignore[override]
        for frame in super().query_chunked(query):
            yield frame


class Batch(Sync):
    """Answers all queries together."""

    def query_batch(self, queries: list[Query[dict[str, Any]]]) -> Mapping[str, Frame | Exception]:
        if queries[0].model["do"] == "raise":
            raise _partial("")
        return {each.ref_id: _partial(each.model["do"]) for each in queries}


def decode(response: pb.DataResponse) -> list[dict[str, list[Any]]]:
    """Decode the frames of an answer."""
    return [{field.name: field.to_list() for field in arrow.decode(frame).fields} for frame in response.frames]


@pytest.mark.parametrize("kind", [Sync, Async, Batch])
@pytest.mark.parametrize("do", ["one", "list", "table", "large", "logs"])
def test_a_query_answers_frames_and_an_error(kind: type, do: str) -> None:
    """The answer has the frames, in any form, and the error with its status and source."""
    response = Services(kind).query(queries({"do": do}))["A"]
    status = 504 if do == "list" else 502
    expected: dict[str, list[dict[str, list[Any]]]] = {
        "one": [{"region": ["north"], "value": [1.5]}],
        "list": [{"region": ["north"], "value": [1.5]}] * 2,
        "table": [{"v": [1.0]}],
        "large": [{"v": list(range(60_000))}],
        "logs": [{"line": ["a"]}],
    }

    assert (response.error, response.status, response.errorSource) == ("south is away", status, "downstream")
    assert decode(response) == expected[do]


def test_json_answers_have_frames_and_an_error() -> None:
    """The frames are in the requested format."""
    request = queries({"do": "one"})
    request.format = pb.JSON
    response = Services(Sync).query(request)["A"]

    assert (response.format, response.error) == (pb.JSON, "south is away")
    assert json.loads(response.frames[0])["data"]["values"] == [["north"], [1.5]]


def test_other_queries_of_the_request_are_unaffected() -> None:
    """Each query has its own frames and its own error."""
    answers = Services(Sync).query(queries({"do": "one"}, {"do": "none"}))

    assert [(answers[ref].error, len(answers[ref].frames)) for ref in "AB"] == [("south is away", 1), ("", 1)]


def test_frames_of_an_error_for_a_whole_batch_belong_to_no_query(caplog: pytest.LogCaptureFixture) -> None:
    """Each query gets the error that `query_batch` raises; its frames can't be assigned to a query."""
    answers = Services(Batch).query(queries({"do": "raise"}, {"do": "one"}))

    assert [(answers[ref].error, len(answers[ref].frames)) for ref in "AB"] == [("south is away", 0)] * 2
    assert "query_batch raised an error with frames, which are dropped" in caplog.text
    assert len(Services(Batch).query(queries({"do": "raise"}))["A"].frames) == 1


def test_frames_that_cannot_be_shown_do_not_hide_the_error() -> None:
    """The error stays, and its message says that it had frames."""
    response = Services(Sync).query(queries({"do": "broken"}))["A"]

    assert list(response.frames) == []
    assert response.error == (
        "south is away (the frames of this error can't be shown: "
        "TypeError: the query returned str; expected a Frame or a list of frames)"
    )


def test_frames_of_a_cause_are_not_shown() -> None:
    """Only the frames of the raised error are shown: code that wraps an error may drop frames on purpose."""

    class Wrapping(Plain):
        def query(self, query: Query[dict[str, Any]]) -> Frame:
            try:
                raise _partial("")
            except DownstreamError as error:
                raise ValueError("wrapped") from error

    response = Services(Wrapping).query(queries({}))["A"]

    assert (response.status, list(response.frames)) == (502, [])


@pytest.mark.parametrize("kind", [Sync, Async])
@pytest.mark.parametrize("is_json", [True, False])
def test_chunks_end_with_the_frames_of_the_error_and_the_error(kind: type, *, is_json: bool) -> None:
    """The yielded frames come first, then the error's frames, then the error."""
    request = pb.QueryChunkedDataRequest(
        pluginContext=context(),
        queries=[pb.DataQuery(refId="A", json=b'{"do": "list"}')],
        format=pb.JSON if is_json else pb.ARROW,
    )
    chunks = Services(kind).stream("Data/QueryChunkedData", request, pb.QueryChunkedDataResponse)

    assert [(chunk.frameId, chunk.error) for chunk in chunks[:-1]] == [("0", ""), ("0", ""), ("1", "")]
    assert (chunks[-1].error, chunks[-1].status) == ("south is away", 504)


def test_chunks_end_with_the_error_where_its_frames_do_not_fit() -> None:
    """A frame that was sent before can't continue with other columns."""
    request = pb.QueryChunkedDataRequest(
        pluginContext=context(), queries=[pb.DataQuery(refId="A", json=b'{"do": "table"}')], format=pb.ARROW
    )
    chunks = Services(Sync).stream("Data/QueryChunkedData", request, pb.QueryChunkedDataResponse)

    assert len(chunks) == 2
    assert chunks[-1].error.startswith("south is away (the frames of this error can't be shown: the parts of frame '0'")


@pytest.mark.parametrize("kind", [Sync, Async])
def test_ask_raises_the_error_with_its_frames_as_decoded(kind: type) -> None:
    """An author's test gets both, and the frames have the types that Grafana gets."""
    with pytest.raises(DownstreamError, match="south is away") as failure:
        ask(kind(None), query({"do": "one"}))

    frames = failure.value.frames
    assert isinstance(frames, list)
    (frame,) = frames
    assert frame.ref_id == "A"
    assert [field.to_list() for field in frame.fields] == [["north"], [1.5]]


def test_an_error_has_no_frames_by_itself() -> None:
    """Older code and derived classes need no frames."""

    class LateError(QueryError):
        def __init__(self) -> None:
            Exception.__init__(self, "late")

    assert QueryError("x").frames == LateError().frames == ()
