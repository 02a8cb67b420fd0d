"""Reading Grafana's frame JSON: what its reader takes, and what it gives up on."""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames import framereader, frametext


def text(*columns: object, types: tuple[str, ...] = ("float64",), **more: object) -> bytes:
    """Write frame JSON with these columns."""
    fields = [{"name": kind, "typeInfo": {"frame": kind, "nullable": True}} for kind in types]
    return json.dumps({"schema": {"fields": fields}, "data": {"values": columns, **more}}).encode()


@pytest.mark.parametrize(
    ("given_text", "because"),
    [
        (b"", "can't be read"),
        (b"[]", "can't be read"),
        (b'{"data":{"values":[]},"schema":{"fields":[]}}', "keys in the order data, schema"),
        (b'{"schema":{"fields":[]},"extra":1}', "unexpected field: extra"),
        (b'{"schema":{"fields":[]},"data":{"nanos":[],"values":[]}}', "keys in the order nanos, values"),
        (b'{"schema":{"fields":[]},"data":{"values":[],"more":1}}', "unexpected field: more"),
        (b'{"schema":{"fields":[{"name":"a","type":"number"}]}}', "typeInfo"),
        (text([1], types=("complex",)), "unknown field type: complex"),
        (text([1], [2]), "2 columns of values for 1 fields"),
        (text([1], [1, 2], types=("float64", "float64")), "column 1 has 2 values but the first has 1"),
        (text(["a"]), "column 0 can't be read as float64"),
        (text([1.5], types=("time.Time",)), "column 0 can't be read as time"),
        (text([300], types=("int8",)), "column 0 can't be read as int8"),
        (text([None], entities=[{"Nan": [0]}]), "column 0 can't be read"),
        (text([None], entities=[{"NaN": [3]}]), "column 0 can't be read"),
        (text([1, 2], types=("time.Time",), nanos=[[1]]), "column 0 can't be read"),
    ],
)
def test_odd_json_is_an_error(given_text: bytes, because: str) -> None:
    """Unknown types, wrong lengths, a wrong order of keys and unknown keys are errors, never a crash."""
    with pytest.raises(FrameError, match=because):
        framereader.decode(given_text)


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part))
)
def test_any_json_is_a_frame_or_an_error(value: object) -> None:
    """Whatever JSON comes, also below the right keys, the reader answers with a frame or a FrameError."""
    for odd in (value, {"schema": value}, {"schema": {"fields": []}, "data": value}):
        try:
            framereader.decode(json.dumps(odd).encode())
        except FrameError:
            continue


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("int", "int64"),
        ("float", "float64"),
        ("double", "float64"),
        ("boolean", "bool"),
        ("time", "time"),
        ("json", "json"),
    ],
)
def test_other_names_of_types_are_known(name: str, expected: str) -> None:
    """The reader knows a few types by a second name, and a star for nullable ones."""
    fields = [{"typeInfo": {"frame": name}}, {"typeInfo": {"frame": "*int8"}}]
    frame = framereader.decode(json.dumps({"schema": {"fields": fields}}).encode())

    assert [(field.type, field.nullable) for field in frame.fields] == [(expected, False), ("int8", True)]


def test_null_without_a_place_is_zero() -> None:
    """A null in a field that is not nullable is the type's zero, as in Grafana."""
    columns = {"float64": 0.0, "string": "", "bool": False, "int8": 0}
    fields = [{"typeInfo": {"frame": kind}} for kind in columns]
    frame = framereader.decode(json.dumps({"schema": {"fields": fields}, "data": {"values": [[None]] * 4}}).encode())

    assert [field.to_list() for field in frame.fields] == [[zero] for zero in columns.values()]


def test_schema_alone_and_data_alone() -> None:
    """A frame is written as its schema alone, which is read as a frame without rows, or as its data alone."""
    frame = Frame(fields=[Field("v", [1.5, math.nan]), Field("t", [None, None], "time")], name="f")
    schema, data = (msgspec.json.encode(each) for each in (frametext.schema(frame), frametext.data(frame)))

    assert framereader.decode(b'{"schema":%b}' % schema).fields[0] == Field("v", [], "float64")
    assert framereader.decode(b'{"schema":%b,"data":%b}' % (schema, data)) == frame


def test_documents_lose_their_line_breaks() -> None:
    """JSON values are checked, inlined and on one line; their numbers and texts stay as they were."""
    big: Any = b'{\n "n": 12345678901234567890.10,\r\n "s": "a\\n b"}'
    written = frametext.encode(Frame(fields=[Field("j", [big], "json")]))

    assert b"\n" not in written
    assert b'{"n":12345678901234567890.10,"s":"a\\n b"}' in written
    for broken in (b"{", b"NaN", b"[Infinity]", b'"\xff"'):
        with pytest.raises(FrameError, match="column 'j'"):
            Field("j", [broken], "json")
