"""A plugin may answer anything: each bad answer is one error, and no traceback."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from gfplug.errors import ToolError
from gfplug.host import convert, frame_json, logs
from gfplug.host.drawing import plot, tables
from gfplug.host.live import Live

if TYPE_CHECKING:
    from collections.abc import Mapping

TIME, NUMBER = {"name": "t", "type": "time"}, {"name": "v", "type": "number"}
DEEP = b"[" * 100_000


def arrow(array: pa.Array, **metadata: bytes) -> bytes:
    """Build an Arrow frame of one column."""
    sink = io.BytesIO()
    table = pa.table([array], pa.schema([pa.field("v", array.type)], metadata=metadata))
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def frame(*fields: Any, **data: Any) -> dict[str, Any]:
    """Describe a JSON frame."""
    return {"schema": {"fields": list(fields)}, "data": data}


@pytest.mark.shows("errors: a response that is not a frame")
@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"schema": None},
        {"schema": []},
        {"schema": {"fields": {}}},
        {"schema": {"fields": [1]}},
        {"schema": {"meta": []}},
        {"schema": {"meta": {"type": 1}}},
        {"schema": {"meta": {"typeVersion": 1}}},
        {"schema": {"meta": {"typeVersion": ["x"]}}},
        {"schema": {}, "data": []},
        frame({"name": 1}),
        frame({"type": []}),
        frame({"labels": {"a": 1}}),
        frame({"config": []}),
        frame({"typeInfo": "x"}),
        frame(NUMBER, values={}),
        frame(NUMBER, values=[1]),
        frame(NUMBER, values=[[1], [2]]),
        frame(TIME, NUMBER, values=[[1], []]),
        frame(NUMBER, values=[["1"]]),
        frame(NUMBER, values=[[True]]),
        frame(NUMBER, values=[[10**400]]),
        frame(TIME, values=[[1.5]]),
        frame(TIME, values=[["now"]]),
        frame(TIME, values=[[2**63]]),
        frame({"type": "enum"}, values=[["x"]]),
        frame(NUMBER, values=[[1]], entities=[{"NaN": [1]}]),
        frame(NUMBER, values=[[1]], entities=[{"NaN": ["x"]}]),
        frame(NUMBER, values=[[1]], entities=[{"No": [0]}]),
        frame(TIME, values=[[1]], nanos=[[1, 2]]),
        frame(TIME, values=[[1]], nanos=[["x"]]),
        frame(TIME, values=[[1]], nanos=[1, 2]),
    ],
)
def test_a_json_frame_with_an_invalid_shape_is_refused(value: object) -> None:
    """The error names the problem; code that draws frames and evaluates rules can rely on the shape."""
    with pytest.raises(ToolError, match=r"Grafana would refuse the whole response: A: (it|the|labels)"):
        frame_json.from_json(json.dumps(value).encode(), place="A")


@pytest.mark.parametrize(
    "text", [b"", DEEP, b"\xff", b"NaN", b'{"schema": {"fields": []}, "data": {"values": [[NaN]]}}']
)
def test_a_frame_that_is_not_json_is_refused(text: bytes) -> None:
    """NaN is not JSON, and the depth is limited."""
    with pytest.raises(ToolError, match="it is not JSON"):
        frame_json.from_json(text, place="A")


@pytest.mark.parametrize(
    "value",
    [
        {"schema": {}},
        {"schema": {"fields": None, "name": None, "meta": None}, "data": None},
        frame({"name": None, "type": None, "labels": None, "config": None, "typeInfo": None}, values=None),
        frame({"name": "v"}, values=[["anything"]]),
        frame({"type": "enum", "config": {"type": 5}}, values=[[-1, 0, 9]]),
        frame({"type": "enum", "config": {"type": {"enum": {"text": ["\x1b[2J"]}}}}, values=[[-1, 0, 9]]),
        frame(TIME, NUMBER, values=[[0, 2**62], [1, None]], entities=[None, {"Inf": None}], nanos=[None, None]),
    ],
)
def test_an_incomplete_frame_can_be_shown(value: Mapping[str, Any]) -> None:
    """It becomes a table, a heading and a plot."""
    result = frame_json.from_json(json.dumps(value).encode(), place="A")

    assert tables.table(result, rows=10, width=80).isprintable() or "\n" in tables.table(result, rows=10, width=80)
    assert "\x1b" not in tables.table(result, rows=10, width=80)
    assert tables.heading("A", result)
    plot.draw(plot.series(result), width=40)


@pytest.mark.shows("errors: a response that is not a frame")
def test_a_text_that_is_not_utf_8_is_replaced_as_in_grafana() -> None:
    """Texts and the frame's name are tried."""
    data = b"a\xffb\xed"
    offsets, nulls = pa.py_buffer(b"\0\0\0\0\4\0\0\0\4\0\0\0"), pa.py_buffer(b"\1")
    array = pa.Array.from_buffers(pa.string(), 2, [nulls, offsets, pa.py_buffer(data)])
    result = frame_json.from_arrow(arrow(array, name=b"\xff"), place="A")

    assert result["data"]["values"] == [["a\ufffdb\ufffd", None]]
    assert result["schema"]["name"] == "\ufffd"


def test_text_offsets_outside_the_buffer_are_refused() -> None:
    """They would read other memory of the process."""
    whole = arrow(pa.array(["abcd" * 10]))
    content = whole.replace(b"\0\0\0\0\x28\0\0\0", b"\0\0\0\0\xff\xff\xff\x7f")

    assert content != whole
    with pytest.raises(ToolError, match="it is not an Arrow IPC file"):
        frame_json.from_arrow(content, place="A")


@pytest.mark.parametrize(
    ("key", "value"),
    [("meta", b"[]"), ("meta", b"NaN"), ("meta", DEEP), ("meta", b'{"typeVersion": 1}'), ("meta", b'{"type": []}')],
)
def test_the_meta_of_an_arrow_frame_is_checked(key: str, value: bytes) -> None:
    """Grafana checks it, too."""
    with pytest.raises(ToolError, match="Grafana would refuse the whole response"):
        frame_json.from_arrow(arrow(pa.array([1]), **{key: value}), place="A")


def test_deep_json_in_a_column_is_refused() -> None:
    """Code that walks it would hit the recursion limit."""
    with pytest.raises(ToolError, match="which is not JSON"):
        frame_json.from_arrow(arrow(pa.array([DEEP])), place="A")


@pytest.mark.parametrize("text", [b"[]", b"NaN", b'{"a": NaN}', b'{"a": 1e999}', b'{"a":' * 100_000, b"\xff"])
def test_health_details_that_are_not_a_json_object_are_refused(text: bytes) -> None:
    """Grafana's JSON has neither NaN nor infinities."""
    with pytest.raises(ToolError, match="not a JSON object"):
        convert.health(SimpleNamespace(status=1, message="", jsonDetails=text))


@pytest.mark.shows("errors: a response that is not a frame")
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize(
    "packet",
    [
        b'{"schema": {"fields": {}}}',
        b'{"schema": []}',
        b'{"schema": 1}',
        b'{"schema": {"fields": [{"name": "a"}]}, "data": 1}',
        b'{"schema": {"fields": [{"name": "a", "type": "number"}]}, "data": {"values": [["x"]]}}',
        b'{"schema": {"fields": [{"name": "a"}]}, "data": {"values": [1]}}',
        b'{"schema": {"fields": [{"name": "a"}, {"name": "b"}]}, "data": {"values": [[1], []]}}',
        DEEP,
        b"NaN",
    ],
)
def test_a_packet_with_an_invalid_shape_is_refused(packet: bytes, *, before: bool) -> None:
    """A good packet before it changes nothing."""
    live = Live()
    if before:
        live.add(b'{"schema": {"fields": [{"name": "a", "type": "number"}]}}')
    with pytest.raises(ToolError, match="the plugin sent a packet"):
        live.add(packet)


@pytest.mark.parametrize("packet", [b'{"schema": null}', b'{"schema": {}}', b'{"data": {"values": [[1]]}}'])
def test_a_packet_without_a_schema_needs_an_earlier_schema(packet: bytes) -> None:
    """An empty schema does not count."""
    with pytest.raises(ToolError, match="the plugin sent a packet"):
        Live().add(packet)


def test_a_packet_without_rows_is_accepted() -> None:
    """`data` may be null, and a schema may have no fields."""
    live = Live()

    assert live.add(b'{"schema": {"name": "x"}}') == []
    assert live.add(b'{"schema": {"fields": [{"name": "a"}]}, "data": null}') == []
    assert live.add(b'{"data": null}') == []
    assert live.add(b'{"schema": null, "data": {"values": [[1]]}}') == [[1]]


@pytest.mark.parametrize("line", ["{" * 100_000, '{"a":' * 100_000, '{"@message": NaN}', '{"a": ' + "1" * 5000 + "}"])
def test_a_log_line_that_is_not_json_is_kept(line: str) -> None:
    """It may nest to any depth."""
    assert logs.parse(line[:60_000]).message == line[:60_000]
