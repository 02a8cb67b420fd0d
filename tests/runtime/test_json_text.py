"""Responses and packets: one way to write Python values as JSON."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import ipaddress
import json
import math
import sqlite3
import types
import uuid
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # pyarrow has no types
import pytest
from calls import Plain, Services

from gfruntime import Request, Response, route
from gfruntime.calls import streams
from gfruntime.testing import call

TIME = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


class Kind(enum.Enum):
    """A choice that is not a text."""

    HALF = 0.5
    MANY = (1, 2)


class Word(enum.StrEnum):
    """A choice that is a text."""

    A = "a"


@dataclasses.dataclass
class Point:
    """A row."""

    x: float
    more: Any = None


def _row() -> sqlite3.Row:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row: sqlite3.Row = connection.execute("SELECT 1 AS a, NULL AS b").fetchone()
    connection.close()
    return row


VALUES: list[tuple[object, object]] = [
    (math.nan, None),
    (math.inf, None),
    (-math.inf, None),
    (Decimal("NaN"), None),
    (Decimal("Infinity"), None),
    (np.float64("nan"), None),
    (np.float32("inf"), None),
    (np.datetime64("NaT", "ns"), None),
    (np.ma.masked, None),
    (1.5, 1.5),
    (2**70, 2**70),
    (True, True),
    ("é\ud800", "é?"),
    (Decimal("1.10"), "1.10"),
    (np.float32(0.5), 0.5),
    (np.int64(3), 3),
    (np.bool_(True), True),  # noqa: FBT003
    (np.longdouble(1.5), 1.5),
    (np.str_("x"), "x"),
    (np.array([[1.0, math.nan]]), [[1.0, None]]),
    (np.ma.masked_array([1, 2], [False, True]), [1, None]),
    (np.datetime64("2026-01-02T03:04:05", "ns"), "2026-01-02T03:04:05"),
    (np.array(["2026-01-02", "NaT"], "datetime64[ns]"), ["2026-01-02T00:00:00", None]),
    (np.timedelta64(1500, "ms"), "PT1.5S"),
    (TIME, "2026-01-02T03:04:05Z"),
    (TIME.astimezone(dt.timezone(dt.timedelta(hours=1))), "2026-01-02T04:04:05+01:00"),
    (TIME.replace(tzinfo=None), "2026-01-02T03:04:05"),
    (TIME.date(), "2026-01-02"),
    (TIME.timetz(), "03:04:05Z"),
    (dt.timedelta(minutes=1.5), "PT90S"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (ipaddress.ip_address("10.0.0.1"), "10.0.0.1"),
    (PurePosixPath("a/b"), "a/b"),
    (Kind.HALF, 0.5),
    (Kind.MANY, [1, 2]),
    (Word.A, "a"),
    (b"ab", "YWI="),
    (Point(math.nan, {1: TIME}), {"x": None, "more": {"1": "2026-01-02T03:04:05Z"}}),
    (_row(), {"a": 1, "b": None}),
    (pa.array([1, None]), [1, None]),
    (pa.scalar(3), 3),
    (pa.table({"a": [1]}), [{"a": 1}]),
    (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
    (collections.Counter("aa"), {"a": 2}),
    (collections.deque([1]), [1]),
    ({1}, [1]),
    ({"a": 1}.keys(), ["a"]),
    (range(2), [0, 1]),
    ({1: "i", 1.5: "f"}, {"1": "i", "1.5": "f"}),
    ({True: "b"}, {"true": "b"}),
    (
        {np.int64(3): 1, None: 2, Kind.HALF: 3, TIME: 4, Decimal("1.5"): 5, False: 6},
        {"3": 1, "null": 2, "0.5": 3, "2026-01-02T03:04:05Z": 4, "1.5": 5, "false": 6},
    ),
    ({"deep": [{"x": (math.nan, {np.int8(1): np.float16("nan")})}]}, {"deep": [{"x": [None, {"1": None}]}]}),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=[str(number) for number in range(len(VALUES))])
def test_a_response_and_a_packet_hold_the_same_json(value: object, expected: object) -> None:
    """Both are UTF-8 that any JSON reader takes."""
    response, packet = Response.json({"v": value}), streams.packet({"v": value})

    assert json.loads(response.read(), parse_constant=pytest.fail) == {"v": expected}
    assert json.loads(packet, parse_constant=pytest.fail) == {"v": expected}
    assert response.headers == {"Content-Type": "application/json"}


def test_iterators_are_read_to_their_end() -> None:
    """Iterators are written as a list."""
    assert Response.json(number for number in range(3)).read() == b"[0, 1, 2]"
    assert streams.packet({"v": map(str, range(2))}) == b'{"v":["0","1"]}'


def test_values_of_pandas_are_written_and_tables_refused() -> None:
    """A missing value is null; a table is refused, since it could be rows or columns."""
    pd = pytest.importorskip("pandas")

    assert json.loads(Response.json([pd.NaT, pd.NA, pd.Timestamp(TIME), pd.Series([1, None])]).read()) == [
        None,
        None,
        "2026-01-02T03:04:05Z",
        [1.0, None],
    ]
    with pytest.raises(TypeError, match="a DataFrame can't be written as JSON"):
        Response.json(pd.DataFrame({"a": [1]}))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (object(), "a object can't be written as JSON"),
        ({"a": [complex(1, 2)]}, "a complex can't be written as JSON"),
        (Point, "a type can't be written as JSON"),
        ({(1, 2): 3}, r"the key \(1, 2\) can't be written as JSON, because it is not a text"),
    ],
)
def test_the_error_for_an_object_without_json_names_its_type(value: object, sentence: str) -> None:
    """The text of an unknown object would look like a result."""
    for write in (Response.json, streams.packet):
        with pytest.raises(TypeError, match=sentence):
            write(value)


def test_a_list_that_contains_itself_is_refused() -> None:
    """The error is one sentence."""
    knot: list[object] = [math.nan]
    knot.append(knot)

    with pytest.raises(ValueError, match="a list that contains itself, or nests too deeply, can't be written as JSON"):
        Response.json(knot)


def test_a_route_that_returns_nan_answers_null() -> None:
    """The route answers null through the service and in an author's test; plain bodies keep their spaces."""

    class Source(Plain):
        @route("GET", "/rows")
        def rows(self, request: Request) -> dict[str, object]:
            return {"x": math.nan, "n": 1}

    (answer,) = Services(Source).resource("rows")

    assert (answer.code, answer.body) == (200, b'{"x": null, "n": 1}')
    assert call(Source(None), Request(path="rows")).read() == answer.body  # type: ignore[arg-type]  # keeps nothing
