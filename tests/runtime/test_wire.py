"""Bytes written by the runtime's own code, compared with the generated messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluginv2 import backend_pb2 as pb

from gfruntime import wire

texts = st.text(st.characters(exclude_categories=["Cs"]))
frames = st.lists(st.lists(st.binary(), max_size=3), max_size=3)
responses = st.fixed_dictionaries(
    {
        "frames": frames,
        "error": texts,
        "status": st.integers(0, 2**31 - 1),
        "source": st.sampled_from(["", "plugin", "downstream"]),
        "is_json": st.booleans(),
    }
)


@given(st.dictionaries(texts, responses, max_size=4))
def test_a_query_data_response_is_parsed_as_it_was_written(answers: dict[str, dict[str, object]]) -> None:
    """For any ref ids, frames, errors, statuses and formats the message parses back to the same values."""
    parts = [(ref_id, wire.data_response(**answer)) for ref_id, answer in answers.items()]  # type: ignore[arg-type]  # drawn together
    message = pb.QueryDataResponse.FromString(wire.query_data_response(parts))

    expected = pb.QueryDataResponse()
    for ref_id, answer in answers.items():
        response = expected.responses[ref_id]
        response.frames.extend(b"".join(frame) for frame in answer["frames"])  # type: ignore[attr-defined]
        response.error, response.status = answer["error"], answer["status"]  # type: ignore[assignment]
        response.errorSource, response.format = answer["source"], int(answer["is_json"])  # type: ignore[assignment,call-overload]
    assert message == expected


def test_large_frames_get_their_true_length() -> None:
    """Lengths of more than one and more than two varint bytes are right."""
    for size in (127, 128, 16_383, 16_384, 3_000_000):
        parts = wire.data_response([[b"x" * size]])
        assert pb.DataResponse.FromString(b"".join(parts)).frames[0] == b"x" * size


def test_a_health_response_is_parsed_as_it_was_written() -> None:
    """The parsed message has status, message and details."""
    content = wire.health_response(status=2, message="away", details=b'{"a":1}')

    expected = pb.CheckHealthResponse(status=pb.CheckHealthResponse.ERROR, message="away", jsonDetails=b'{"a":1}')
    assert pb.CheckHealthResponse.FromString(content) == expected


def test_ref_ids_are_read_from_any_request() -> None:
    """Ref ids are read although the query has other fields of every kind."""
    queries = [pb.DataQuery(refId=ref, json=b"{}", maxDataPoints=-1, intervalMS=5) for ref in ("A", "", "ü")]
    request = pb.QueryDataRequest(headers={"a": "b"}, queries=queries, format=pb.JSON)

    assert wire.ref_ids(request.SerializeToString()) == ["A", "", "ü"]


@given(st.binary(max_size=40))
def test_reading_garbage_ends_in_a_value_error(garbage: bytes) -> None:
    """For any bytes the reader returns fields or raises ValueError."""
    try:
        list(wire.fields(garbage))
    except ValueError:
        return


@pytest.mark.parametrize("message", [b"\x0a", b"\x0a\x05ab", b"\x80", b"\x0d\x00", b"\x0b"])
def test_reading_a_cut_message_fails(message: bytes) -> None:
    """A message that ends too early is refused."""
    with pytest.raises(ValueError, match=r"is incomplete|unknown wire type"):
        list(wire.fields(message))


def test_health_and_metrics_are_read_as_they_were_written() -> None:
    """Messages of the runtime and of the generated classes are read; missing parts are empty."""
    message = wire.health_response(status=2, message="no such høst", details=b'{"a":1}')
    theirs = pb.CheckHealthResponse(status=pb.CheckHealthResponse.OK, message="well").SerializeToString()
    metrics = pb.CollectMetricsResponse(metrics=pb.CollectMetricsResponse.Payload(prometheus=b"a 1\n"))

    assert wire.read_health_response(message) == (2, "no such høst", b'{"a":1}')
    assert wire.read_health_response(theirs) == (1, "well", b"")
    assert wire.read_health_response(b"") == (0, "", b"")
    assert wire.metrics_response(b"a 1\n") == metrics.SerializeToString()
    assert wire.read_metrics_response(metrics.SerializeToString()) == b"a 1\n"
    assert wire.read_metrics_response(b"") == b""
