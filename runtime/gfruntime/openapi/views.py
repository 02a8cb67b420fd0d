"""Convert rows to frames: a table with typed columns, series by a time, or numbers by their labels."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from gfruntime.errors import DownstreamError, FrameError, QueryError
from gfruntime.frames.data import Frame
from gfruntime.frames.field import Field
from gfruntime.openapi.operation import Column, Endpoint, find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfruntime.openapi.rows import Row

Show = Literal["table", "series", "numbers"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONE = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$", re.IGNORECASE | re.ASCII)
MIN_SECONDS, MAX_SECONDS = (
    1e9,
    1e11,
)  # seconds since 1970 for 2001 and later; read as milliseconds, such values are all before 1980
UNREADABLE = (FrameError, OverflowError, TypeError, ValueError)


@dataclass(frozen=True, kw_only=True)
class View:
    """Which columns to show, and how; without value columns, all numbers except ids."""

    show: Show = "table"
    time_column: str = ""
    value_columns: Sequence[str] = ()
    label_columns: Sequence[str] = ()

    @classmethod
    def of(cls, query: object) -> View:
        """Read the view from a query; the query may have no view."""
        names = ("show", "time_column", "value_columns", "label_columns")
        return cls(**{name: getattr(query, name) for name in names if hasattr(query, name)})


def to_frames(rows: Sequence[Row], endpoint: Endpoint, view: View) -> list[Frame]:
    """Make the frames of an answer; the columns have their types even without rows."""
    if view.show == "table":
        return [table(rows, endpoint.columns)]
    columns = {column.name: column for column in endpoint.columns}
    numbers = [each for each in endpoint.columns if each.kind in ("integer", "number")]
    unlabelled = [each for each in numbers if each.name not in view.label_columns]
    measured = [each for each in unlabelled if not each.is_id] or unlabelled
    values = list(view.value_columns) or [each.name for each in measured]
    labels = [name for name in view.label_columns if name not in values]
    time = view.time_column if view.show == "series" else ""
    try:
        tags = [labels_of(row, [columns[name] for name in labels]) for row in rows]
        labels = sorted({key for each in tags for key in each})
        records = [
            {
                **dict.fromkeys(labels),
                **each,
                **({time: value_of(row, columns[time])} if time else {}),
                **{name: real(value_of(row, columns[name])) for name in values},
            }
            for row, each in zip(rows, tags, strict=True)
        ]
        frames = series(records, time, values, labels) if time else numbers_of(records, values, labels)
    except UNREADABLE as error:
        raise DownstreamError(f"the answer of {endpoint.path} can't be shown as {view.show}: {error}") from error
    doubt = doubt_of(rows, columns[time]) if time else ""
    return [frames[0].with_notice(doubt, "warning"), *frames[1:]] if doubt else frames


def table(rows: Sequence[Row], columns: Sequence[Column]) -> Frame:
    """Make a table; a column that does not fit the API's description is shown as text, and a notice says so."""
    fields: list[Field] = []
    sentences: list[str] = []
    for column in columns:
        try:
            fields.append(Field(column.name, [value_of(row, column) for row in rows], TYPES[column.kind]))
            sentences += filter(None, [doubt_of(rows, column)])
        except UNREADABLE as error:
            sentences.append(f"{column.name} is shown as text, because it does not fit the API's description: {error}")
            fields.append(Field(column.name, [as_text(raw(row, column)) for row in rows], "string"))
    frame = Frame(fields=fields)
    for sentence in sentences:
        frame = frame.with_notice(sentence, "warning")
    return frame


def series(records: list[dict[str, Any]], time: str, values: list[str], labels: list[str]) -> list[Frame]:
    """Make one series for each value and set of labels."""
    dated = [record for record in records if record[time] is not None]
    frames = Frame.from_records(dated, time=time, value=values, labels=labels, types=dict.fromkeys(values, "float64"))
    if not frames:
        frames = [Frame(fields=[Field(time, [], "time"), *empty(values)])]
    if len(dated) < len(records):
        frames[0] = frames[0].with_notice(f"{len(records) - len(dated)} rows have no {time}", "warning")
    if count_distinct(dated, [time, *labels]) < len(dated):
        sentence = f"Several rows have the same {time} and labels: choose label columns that distinguish them"
        frames[0] = frames[0].with_notice(sentence, "warning")
    return frames


def numbers_of(records: list[dict[str, Any]], values: list[str], labels: list[str]) -> list[Frame]:
    """Make one number for each value and set of labels."""
    if count_distinct(records, labels) < len(records):
        raise QueryError("several rows have the same labels: choose label columns that distinguish them")
    frames = Frame.from_records(records, value=values, labels=labels, types=dict.fromkeys(values, "float64"))
    return frames or [Frame(fields=empty(values))]


def empty(values: Sequence[str]) -> list[Field]:
    """Make number columns without rows."""
    return [Field(name, [], "float64") for name in values]


def count_distinct(records: Sequence[dict[str, Any]], names: Sequence[str]) -> int:
    """Count the rows that differ in these columns."""
    return len({tuple(record[name] for name in names) for record in records})


def raw(row: Row, column: Column) -> Any:
    """Return a row's value as the API sent it; None if it is missing."""
    return row[0] if column.is_key else find(row[1], column.keys)


def labels_of(row: Row, columns: Sequence[Column]) -> dict[str, str | None]:
    """Return a row's labels, without empty ones; an object of texts has several."""
    labels: dict[str, str | None] = {}
    names = {column.name for column in columns}
    for column in columns:
        value = raw(row, column)
        if column.is_labels and isinstance(value, dict):
            for key, text in value.items():
                name = f"{column.name}.{key}"
                labels[f"{name}_2" if name in names else name] = as_text(text) or None
        else:
            labels[column.name] = as_text(value) or None
    return labels


def value_of(row: Row, column: Column) -> Any:
    """Return a row's value, converted to the column's type."""
    value = raw(row, column)
    if value is None or column.kind == "string":
        return as_text(value)
    if column.kind == "json":
        return json.dumps(value, ensure_ascii=False).encode()
    if column.kind == "boolean":
        return require(value, bool)
    if column.kind == "time" and column.wire in ("rfc3339", "date"):
        return require(value, str) or None
    number = number_of(value)
    if column.kind == "time" and number is not None:
        return EPOCH + timedelta(**{column.wire: number})
    return real(number) if column.kind == "number" else number


def number_of(value: Any) -> float | None:
    """Read a number; some APIs write numbers as texts. A whole number of any size stays whole."""
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch("[+-]?[0-9]+", text):
            return int(text)
        if "_" in text:  # Python allows it in a number
            raise ValueError(f"{text} is not a number")
        return float(text) if text else None
    number: float = require(value, (int, float))
    return number


def real(value: float | None) -> float | None:
    """Return a number as a float, with a float's precision."""
    return None if value is None else float(value)


def doubt_of(rows: Sequence[Row], column: Column) -> str:
    """Return a notice about a doubtful column of times: counts that are too small, or times without a zone.

    Counts that are too large are not times at all.
    """
    if column.kind != "time" or column.wire == "date":
        return ""
    values = [value for row in rows if (value := raw(row, column)) not in (None, "", 0)]
    if column.wire == "rfc3339":
        bare = sum(isinstance(value, str) and not ZONE.search(value.strip()) for value in values)
        return f"{bare} times of {column.name} have no zone: they are read as UTC" if bare else ""
    numbers = [number for value in values if (number := number_of(value)) is not None]
    if column.wire == "milliseconds" and numbers and min(numbers) > MIN_SECONDS and max(numbers) < MAX_SECONDS:
        return f"{column.name} looks like seconds since 1970, and the API describes it as milliseconds"
    return ""


def require(value: Any, kinds: type | tuple[type, ...]) -> Any:
    """Return a value of one of these types; a boolean is not a number."""
    if isinstance(value, kinds) and (kinds is bool or not isinstance(value, bool)):
        return value
    raise ValueError(f"the value {as_text(value)} does not have the described type")


def as_text(value: Any) -> str | None:
    """Return the text of any value."""
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


TYPES: dict[str, Literal["string", "int64", "float64", "bool", "time", "json"]] = {
    "string": "string",
    "integer": "int64",
    "number": "float64",
    "boolean": "bool",
    "time": "time",
    "json": "json",
}
