"""Frames as Arrow IPC files and as Grafana's JSON."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from framesamples import all_types, frames
from hypothesis import given

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames import arrow, frametext

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


@pytest.mark.shows("frames 2", "frames 13", "frames 15", "frames 18")
@given(frames)
def test_arrow_round_trip(frame: Frame) -> None:
    """An encoded frame is equal after reading, with every type, null, NaN, label, config and meta."""
    assert arrow.decode(b"".join(arrow.encode(frame))) == frame


@pytest.mark.shows("frames 5", "frames 17")
def test_every_type_is_decoded_as_it_was() -> None:
    """The vector of every type, with least and greatest values, NaN, infinities and nulls, is equal afterwards."""
    assert arrow.decode(b"".join(arrow.encode(all_types()))) == all_types()


@pytest.mark.shows("frames 27", "frames 28", "frames 33", "frames 36")
@given(frames)
def test_frame_json_has_the_form_that_grafana_reads(frame: Frame) -> None:
    """Frame JSON has its keys in the reader's order, no bare NaN, one value per row, and no newline."""
    text = frametext.encode(frame)
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"bare {name}"))

    assert b"\n" not in text
    assert list(document) == ["schema", "data"]
    assert list(document["data"]) == [key for key in ("values", "entities", "nanos") if key in document["data"]]
    assert [len(column) for column in document["data"]["values"]] == [len(frame)] * len(frame.fields)
    assert all("frame" in field["typeInfo"] for field in document["schema"]["fields"])


@pytest.mark.shows("frames 1", "frames 2", "frames 3", "frames 4")
def test_an_arrow_file_has_the_form_that_go_reads() -> None:
    """The file is uncompressed IPC: magic at both ends, a batch unless it has no rows, metadata where Go reads it."""
    data = b"".join(arrow.encode(Frame.of(time=[NOON], v=[1.0], labels={"b": 2, "a": 1}, name="cpu"), ref_id="A"))
    empty = b"".join(arrow.encode(Frame.of(v=[])))
    reader = pa.ipc.open_file(data)

    assert data.startswith(b"ARROW1")
    assert data.endswith(b"ARROW1")
    assert reader.num_record_batches == 1
    assert pa.ipc.open_file(empty).num_record_batches == 0
    assert reader.schema.metadata == {b"name": b"cpu", b"refId": b"A"}
    assert reader.schema.field("v").metadata == {b"tstype": b"number", b"labels": b'{"a":"1","b":"2"}'}
    assert reader.schema.field("time").type == pa.timestamp("ns")


def test_large_columns_are_not_copied() -> None:
    """The encoder returns the memory of a large column itself."""
    values = pa.array([0.5] * 100_000)
    parts = arrow.encode(Frame(fields=[Field("v", values)]))
    addresses = [part.address for part in parts if isinstance(part, pa.Buffer)]

    assert values.buffers()[1].address in addresses
    assert arrow.decode(b"".join(parts))["v"].values.equals(values)


@pytest.mark.shows("protocol 55", "frames 14")
def test_own_ref_id_is_kept() -> None:
    """A frame without a ref id gets the query's; a frame's own ref id is kept."""
    own = arrow.decode(b"".join(arrow.encode(Frame(ref_id="B"), ref_id="A")))
    default_id = arrow.decode(b"".join(arrow.encode(Frame(), ref_id="A")))

    assert (own.ref_id, default_id.ref_id) == ("B", "A")
    assert json.loads(frametext.encode(Frame(ref_id="B"), ref_id="A"))["schema"]["refId"] == "B"


@pytest.mark.shows("frames 29", "frames 30")
def test_json_times_are_milliseconds_and_nanos() -> None:
    """Times are whole milliseconds, also floored before 1970; `nanos` has the rest."""
    ticks = pa.array([1_500_001, -1, None, 2_000_000], pa.timestamp("ns"))
    document = json.loads(frametext.encode(Frame(fields=[Field("t", ticks), Field("v", [1, 2, 3, 4])])))

    assert document["data"]["values"][0] == [1, -1, None, 2]
    assert document["data"]["nanos"] == [[500_001, 999_999, 0, 0], None]


@pytest.mark.shows("frames 29")
def test_long_columns_give_the_same_json_as_their_single_rows() -> None:
    """Columns long enough for Arrow's arithmetic give the same JSON as their rows one by one."""
    ticks = [-1, 0, None, 1_500_001, -2_000_000, *range(-500, 500)]
    floats = [math.nan, math.inf, None, -math.inf, 0.1, *map(float, range(1000))]
    long = Frame(fields=[Field("t", pa.array(ticks, pa.timestamp("ns"))), Field("v", floats, "float32")])
    data = json.loads(frametext.encode(long))["data"]
    rows = [json.loads(frametext.encode(long.take(pa.array([row]))))["data"] for row in range(len(long))]

    assert data["values"] == [[row["values"][at][0] for row in rows] for at in (0, 1)]
    assert data["nanos"][0] == [row["nanos"][0][0] if "nanos" in row else 0 for row in rows]


@pytest.mark.shows("frames 30", "frames 31")
def test_json_lists_the_rows_with_nan_and_infinities() -> None:
    """NaN and the infinities are null in values and named by row in entities."""
    document = json.loads(frametext.encode(Frame.of(v=[math.nan, math.inf, -math.inf, None])))

    assert document["data"] == {"values": [[None] * 4], "entities": [{"NaN": [0], "Inf": [1], "NegInf": [2]}]}


@pytest.mark.shows("frames 34", "frames 35")
def test_json_keeps_large_integers_and_documents() -> None:
    """Extreme 64-bit integers are exact, and JSON values are inlined."""
    frame = Frame(fields=[Field("u", [2**64 - 1]), Field("i", [-(2**63)]), Field("j", [{"a": 1}], "json")])

    assert b'"values":[[18446744073709551615],[-9223372036854775808],[{"a":1}]]' in frametext.encode(frame)


@pytest.mark.shows("frames 30")
def test_json_omits_what_is_empty() -> None:
    """An empty frame has an empty schema."""
    assert frametext.encode(Frame()) == b'{"schema":{"fields":[]},"data":{"values":[]}}'


@pytest.mark.shows("frames 25")
def test_metadata_never_holds_nan_or_numpy() -> None:
    """NaN becomes null and numpy scalars become numbers, whole ones staying whole."""
    numpy = pytest.importorskip("numpy")
    text = frametext.to_json(
        {"a": [math.nan], "b": numpy.int64(3), "c": numpy.float64("inf"), "d": NOON}, subject="meta"
    )

    assert json.loads(text) == {"a": [None], "b": 3, "c": None, "d": "2026-01-01T12:00:00Z"}


def test_metadata_that_is_not_json_is_refused() -> None:
    """For a loop, or for text that is not Unicode, the error names the place."""
    loop: list[object] = []
    loop.append(loop)
    for value in (loop, "\ud800"):
        with pytest.raises(FrameError, match="the frame's meta can't be written"):
            frametext.to_json({"custom": value}, subject="the frame's meta")


@pytest.mark.shows("frames 33", "frames 35")
def test_line_breaks_are_removed_from_json_values() -> None:
    """JSON values are checked, inlined and on one line; their numbers and texts are unchanged."""
    big: Any = b'{\n "n": 12345678901234567890.10,\r\n "s": "a\\n b"}'
    text = frametext.encode(Frame(fields=[Field("j", [big], "json")]))

    assert b"\n" not in text
    assert b'{"n":12345678901234567890.10,"s":"a\\n b"}' in text
    for content in (b"{", b"NaN", b"[Infinity]", b'"\xff"'):
        with pytest.raises(FrameError, match="column 'j'"):
            Field("j", [content], "json")
