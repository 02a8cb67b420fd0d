"""Frames in Grafana's JSON are read as they were written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from framesamples import frames as random_frames
from hypothesis import given

from gfruntime import Field, Frame, FrameError
from gfruntime.frames import frametext


@given(frame=random_frames)
def test_encoded_frames_can_be_read_again(frame: Frame) -> None:
    """Types, NaN and infinities, nanoseconds, labels, configs and metadata are read from bytes and from objects."""
    text = frametext.encode(frame)
    document = json.loads(text)

    assert json.loads(frametext.encode(Frame.from_json(text))) == document
    assert json.loads(frametext.encode(Frame.from_json(document))) == document


def test_frame_json_without_type_info_is_read() -> None:
    """An HTTP answer of another system may lack `typeInfo`."""
    fields = [{"name": name, "type": name} for name in ("time", "number", "string", "boolean", "other")]
    values = [[1500], [1.5], ["a"], [True], [{"a": [1]}]]
    frame = Frame.from_json({"schema": {"fields": fields}, "data": {"values": values}})

    assert [field.type for field in frame.fields] == ["time", "float64", "string", "bool", "json"]
    assert frame["other"].to_list() == [b'{"a":[1]}']
    assert frame["time"].to_list()[0].timestamp() == 1.5


def test_parts_of_a_frame_may_be_missing() -> None:
    """A frame may have no data, no fields, or nulls."""
    assert Frame.from_json('{"schema": {"fields": [{"name": "v", "type": "number"}]}}') == Frame(
        fields=[Field("v", [], "float64")]
    )
    assert Frame.from_json('{"schema": {"name": null, "fields": null, "meta": null}, "data": null}') == Frame()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{", "the frame is not JSON"),
        ("[" * 5000, "the frame is not JSON"),
        (b"\xff", "the frame is not JSON"),
        ([], "expected a frame's JSON"),
        ({"results": {}}, "the JSON is not a frame, because it has no schema: pass one of its frames"),
        ({"schema": []}, "the frame's schema must be an object"),
        ({"schema": {"fields": [1]}}, "must be a list of objects"),
        ({"schema": {"fields": []}, "data": {"values": [[1]]}}, "0 fields, so its data needs 0 columns"),
        ({"schema": {"name": 5}}, "the frame's name must be text"),
        ({"schema": {"fields": [{"name": "v"}]}}, "column 'v' has the unknown type None"),
        ({"schema": {"fields": [{"name": "v", "type": "number"}]}, "data": {"values": [["x"]]}}, "column 'v'"),
        ({"schema": {"fields": [{"name": "v", "type": "time"}]}, "data": {"values": [["x"]]}}, "can't be read as time"),
        ({"schema": {"fields": [{"name": "v", "type": "time"}]}, "data": {"values": [[10**30]]}}, "read as time"),
        ({"schema": {"fields": [{"name": "v", "type": "number", "labels": 5}]}}, "its labels must be an object"),
        (
            {"schema": {"fields": [{"name": "v", "type": "number"}]},
             "data": {"values": [[1]], "entities": [{"x": [0]}]}},
            "column 'v'",
        ),
        (
            {"schema": {"fields": [{"name": "v", "type": "number"}, {"name": "w", "type": "number"}]},
             "data": {"values": [[1], [1, 2]]}},
            "column 'w' has 2 values but column 'v' has 1",
        ),
    ],
)  # fmt: skip
def test_invalid_frame_json_is_an_error_of_one_sentence(value: Any, words: str) -> None:
    """The sentence names the problem and the column."""
    with pytest.raises(FrameError) as failure:
        Frame.from_json(value)

    assert words in str(failure.value)
