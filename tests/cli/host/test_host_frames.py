"""Frames as Grafana reads them: Arrow files to Grafana's frame JSON."""

import io
import json
import logging
from typing import Any

import pyarrow as pa
import pytest

from gfplug.errors import ToolError
from gfplug.host import frame_json

INF, NAN = float("inf"), float("nan")


def _file(schema: pa.Schema, columns: list[list[Any]], *, stream: bool = False) -> bytes:
    sink = io.BytesIO()
    table = pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _one(kind: pa.DataType, values: list[Any], *, nullable: bool = True, **metadata: str) -> dict[str, Any]:
    """Decode a frame of one column named v."""
    field = pa.field("v", kind, nullable=nullable, metadata=metadata)
    return frame_json.from_arrow(_file(pa.schema([field]), [values]), place="A, frame 0")


@pytest.mark.parametrize("name", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
def test_integers_keep_every_digit(name: str) -> None:
    """Each type is exact at its limits, and null stays null."""
    bits = int(name.lstrip("uint"))
    low, high = (0, 2**bits - 1) if name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    frame = _one(getattr(pa, name)(), [low, None, high])

    assert frame["schema"]["fields"] == [{"name": "v", "type": "number", "typeInfo": {"frame": name, "nullable": True}}]
    assert frame["data"] == {"values": [[low, None, high]]}


@pytest.mark.parametrize(
    ("kind", "values", "simple", "exact", "output"),
    [
        (pa.float64(), [0.1, 1e300], "number", "float64", [0.1, 1e300]),
        (pa.float32(), [0.1, 3.4028235e38, 1e-45], "number", "float32", [0.1, 3.4028235e38, 1e-45]),
        (pa.bool_(), [True, False], "boolean", "bool", [True, False]),
        (pa.string(), ["", "🦥"], "string", "string", ["", "🦥"]),
        (pa.binary(), [b'{"b": [1, null]}', b"3"], "other", "json.RawMessage", [{"b": [1, None]}, 3]),
    ],
)
def test_a_column_has_its_type_and_values(
    kind: pa.DataType, values: list[Any], simple: str, exact: str, output: list[Any]
) -> None:
    """32-bit floats are as short as in Grafana; JSON is embedded."""
    frame = _one(kind, values, nullable=False)

    assert frame["schema"]["fields"] == [{"name": "v", "type": simple, "typeInfo": {"frame": exact}}]
    assert frame["data"]["values"] == [output]


def test_times_are_floored_milliseconds_with_the_rest_in_nanos() -> None:
    """Times before 1970 and null work, too; if no time has nanoseconds, the key is left out."""
    frame = _one(pa.timestamp("ns"), [1_700_000_000_123_456_789, None, -1])

    assert frame["schema"]["fields"][0]["typeInfo"] == {"frame": "time.Time", "nullable": True}
    assert frame["data"] == {"values": [[1_700_000_000_123, None, -1]], "nanos": [[456_789, 0, 999_999]]}
    assert _one(pa.timestamp("ns"), [1_000_000])["data"] == {"values": [[1]]}


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_nan_and_null_differ(kind: pa.DataType) -> None:
    """NaN and infinities are null in the values, and listed by row beside them."""
    assert _one(kind, [NAN, None, INF, -INF, 1.5, NAN])["data"] == {
        "values": [[None, None, None, None, 1.5, None]],
        "entities": [{"NaN": [0, 5], "Inf": [2], "NegInf": [3]}],
    }


def test_an_enum_is_recognised_by_its_metadata() -> None:
    """It is UInt16 with the metadata tstype enum."""
    field = _one(pa.uint16(), [1], tstype="enum", config='{"type":{"enum":{"text":["a","b"]}}}')["schema"]["fields"][0]

    assert (field["type"], field["typeInfo"]["frame"]) == ("enum", "enum")
    assert field["config"]["type"]["enum"]["text"] == ["a", "b"]


def test_name_ref_id_meta_labels_and_config_are_read() -> None:
    """The whole schema has Grafana's order of keys; columns with the same name stay separate."""
    schema = pa.schema(
        [
            pa.field("time", pa.timestamp("ns"), nullable=False),
            pa.field("cpu", pa.float64(), metadata={"labels": '{"host":"a"}', "config": '{"unit":"percent"}'}),
            pa.field("cpu", pa.float64(), metadata={"labels": '{"host":"b"}'}),
        ],
        metadata={"name": "load", "refId": "A", "meta": '{"type":"timeseries-wide","typeVersion":[0,1]}'},
    )
    frame = frame_json.from_arrow(_file(schema, [[0, 10**9], [1.0, 2.0], [3.0, None]]), place="A")

    assert json.dumps(frame) == json.dumps(
        {
            "schema": {
                "name": "load",
                "refId": "A",
                "meta": {"type": "timeseries-wide", "typeVersion": [0, 1]},
                "fields": [
                    {"name": "time", "type": "time", "typeInfo": {"frame": "time.Time"}},
                    {
                        "name": "cpu",
                        "type": "number",
                        "typeInfo": {"frame": "float64", "nullable": True},
                        "labels": {"host": "a"},
                        "config": {"unit": "percent"},
                    },
                    {
                        "name": "cpu",
                        "type": "number",
                        "typeInfo": {"frame": "float64", "nullable": True},
                        "labels": {"host": "b"},
                    },
                ],
            },
            "data": {"values": [[0, 1000], [1.0, 2.0], [3.0, None]]},
        }
    )


def test_a_frame_without_rows_or_fields_is_valid() -> None:
    """It is the "no data" answer, with or without columns."""
    assert _one(pa.int64(), [])["data"] == {"values": [[]]}
    assert frame_json.from_arrow(_file(pa.schema([]), []), place="A") == {
        "schema": {"fields": []},
        "data": {"values": []},
    }


@pytest.mark.parametrize(
    ("kind", "values", "nullable", "output", "sentence"),
    [
        (pa.int64(), [1, None], False, [1, 0], "not nullable but holds nulls"),
        (pa.timestamp("ms"), [1_700_000_000_000], True, [1_700_000], "near 1970"),
    ],
)
def test_values_that_grafana_reads_differently_give_a_warning(
    caplog: pytest.LogCaptureFixture,
    kind: pa.DataType,
    values: list[Any],
    output: list[Any],
    sentence: str,
    *,
    nullable: bool,
) -> None:
    """Grafana shows a value for null in a column without nulls, and reads every time as nanoseconds."""
    with caplog.at_level(logging.WARNING, "gfplug"):
        frame = _one(kind, values, nullable=nullable)

    assert frame["data"]["values"] == [output]
    assert sentence in caplog.text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (_file(pa.schema([pa.field("v", pa.int64())]), [[1]], stream=True), "not an Arrow IPC file"),
        (b"", "not an Arrow IPC file"),
        (_file(pa.schema([pa.field("v", pa.date32())]), [[1]]), "column 'v' of Arrow type date32[day]"),
        (_file(pa.schema([pa.field("v", pa.list_(pa.int8()))]), [[[1]]]), "column 'v' of Arrow type list"),
        (_file(pa.schema([pa.field("v", pa.large_string())]), [["x"]]), "column 'v' of Arrow type large_string"),
        (_file(pa.schema([pa.field("v", pa.int8())], {"meta": "{"}), [[1]]), "its meta is not JSON"),
        (_file(pa.schema([pa.field("v", pa.int8(), metadata={"labels": '{"a":1}'})]), [[1]]), "labels of column 'v'"),
        (
            _file(pa.schema([pa.field("v", pa.int8(), metadata={"config": "[]"})]), [[1]]),
            "its config is not a JSON obj",
        ),
        (_file(pa.schema([pa.field("v", pa.binary())]), [[b"{"]]), "holds b'{', which is not JSON"),
    ],
    ids=["stream", "empty", "date", "list", "large_string", "meta", "labels", "config", "json"],
)
def test_a_frame_that_grafana_refuses_is_an_error_with_its_place(data: bytes, why: str) -> None:
    """One bad frame fails the whole response; the error names ref id and column."""
    with pytest.raises(ToolError) as excinfo:
        frame_json.from_arrow(data, place="B, frame 2")

    assert "refuse the whole response: B, frame 2" in excinfo.value.message
    assert why in excinfo.value.message


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}"])
def test_an_invalid_json_frame_is_refused(data: bytes) -> None:
    """The text is not JSON, not an object, or has no schema."""
    with pytest.raises(ToolError, match="refuse the whole response"):
        frame_json.from_json(data, place="A")
