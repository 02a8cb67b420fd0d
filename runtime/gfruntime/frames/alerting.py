"""How Grafana's alert rules and expressions read a query's answer, checked before Grafana does.

Reads frame JSON, or any frame as a `Sketch`, and imports nothing but the standard library, so that tools outside a
plugin can load this file by its path. Grafana reads an answer in one of two ways:

* by contract, if the first frame has one of the six types and a version other than [0, 0];
* by shape otherwise: one table of strings and one number, or only wide series.

Grafana checks little: unsorted times, duplicate series and equal labels pass here and fail later, or cause wrong
alerts. The warnings report these.
Source: github.com/grafana/grafana, pkg/expr (converter.go, dataplane.go, mathexp); github.com/grafana/dataplane, sdata.
"""

from __future__ import annotations

import itertools
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["no data", "numbers", "series", "error"]
Labels = Mapping[str, str]

MAX_CHECKED_ROWS = 100_000
"""The number of rows whose values are checked; the classification needs values only of text columns."""

_TYPES = (
    "timeseries-wide", "timeseries-multi", "timeseries-long", "numeric-wide", "numeric-multi", "numeric-long",
)  # fmt: skip
_NUMBERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)} | {"float32", "float64"}
_VALUES = _NUMBERS | {"bool"}
_TIME = "time.Time"
_MOST_WARNINGS = 10
_RESERVED = ("alertname", "grafana_folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleColumn:
    """A field: its exact type in Grafana's JSON (`float64`, `time.Time`, ...) and its values, read only when needed."""

    name: str
    type: str
    nullable: bool
    labels: Labels
    rows: int
    values: Callable[[], Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A frame as Grafana's reader sees it."""

    name: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    columns: Sequence[RuleColumn] = ()

    @classmethod
    def from_json(cls, frame: Mapping[str, Any]) -> Sketch:
        """Sketch Grafana's frame JSON (`{"schema": ..., "data": ...}`)."""
        schema = frame.get("schema", {})
        data = frame.get("data", {})
        values = data.get("values") or [[] for _ in schema.get("fields", [])]
        nanos = data.get("nanos") or [None] * len(values)  # the nanoseconds of a time below its milliseconds
        return cls(
            name=schema.get("name", ""),
            meta=schema.get("meta") or {},
            columns=[_column(*each) for each in zip(schema.get("fields", []), values, nanos, strict=True)],
        )

    @property
    def type(self) -> str:
        """The frame's type; empty if it is not set."""
        return str(self.meta.get("type") or "")

    def of(self, *types: str, nullable: bool | None = None) -> list[RuleColumn]:
        """Return the columns of these types."""
        return [each for each in self.columns if each.type in types and nullable in (None, each.nullable)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSeries:
    """A series or a number that an alert rule sees; only the labels distinguish alert instances."""

    name: str
    labels: Labels
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How Grafana reads an answer.

    `message` is Grafana's text if `kind` is "error"; `hint` says what to do.
    """

    kind: Kind
    items: Sequence[RuleSeries] = ()
    message: str = ""
    hint: str = ""
    warnings: Sequence[str] = ()

    def error(self, ref_id: str) -> str:
        """Return the error as Grafana's log shows it."""
        return f"[sse.readDataError] [{ref_id}] got error: {self.message}"


class _ReadError(Exception):
    """An error of Grafana's reader, and what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def classify(frames: Sequence[Sketch]) -> Verdict:
    """Return how Grafana reads the frames of one query."""
    by_contract = bool(frames) and frames[0].type in _TYPES and _version(frames[0]) != [0, 0]
    warnings = list(_meta_warnings(frames))
    try:
        if not frames or (not frames[0].columns and (by_contract or len(frames) == 1)):
            return Verdict(kind="no data", warnings=warnings)
        kind, items, more = _contract(frames) if by_contract else _legacy(frames)
    except _ReadError as error:
        return Verdict(kind="error", message=str(error), hint=error.hint, warnings=warnings)
    return Verdict(kind=kind, items=items, warnings=[*warnings, *more, *_item_warnings(kind, items)])


Read = tuple[Kind, list[RuleSeries], list[str]]


def _contract(frames: Sequence[Sketch]) -> Read:
    reader = {
        "timeseries-wide": _wide, "timeseries-multi": _multi, "timeseries-long": _read_long,
        "numeric-wide": _numeric_wide, "numeric-multi": _numeric_multi, "numeric-long": _numeric_long,
    }[frames[0].type]  # fmt: skip
    items, warnings = reader(frames)
    if len(frames) > 1 and not frames[0].type.endswith("-multi"):
        warnings = [*warnings, f"{frames[0].type} has one frame: the {len(frames) - 1} after the first are ignored"]
    return ("series" if frames[0].type.startswith("time") else "numbers"), items, warnings


def _wide(frames: Sequence[Sketch]) -> tuple[list[RuleSeries], list[str]]:
    index, values = _series_columns(frames[0], 0, "frame is missing a numeric value field")
    warnings = [*_time_warnings(index, are_single=True), *_ignored_columns(frames[0], "string")]
    return _sort(RuleSeries(name=each.name, labels=each.labels, points=each.rows) for each in values), warnings


def _multi(frames: Sequence[Sketch]) -> tuple[list[RuleSeries], list[str]]:
    items, warnings = [], []
    for at, frame in enumerate(frames):
        if frame.type != "timeseries-multi":
            warnings.append(f"frame {at} has another type than the first and is ignored")
            continue
        if not frame.columns:
            text = f"frame {at} has zero or null fields which is invalid when more than one frame"
            raise _ReadError(text, "leave out frames without fields")
        index, values = _series_columns(frame, at, f"frame {at} must have at least one value field but has 0")
        items.append(RuleSeries(name=values[0].name, labels=values[0].labels, points=index.rows))
        warnings += [
            *_time_warnings(index, are_single=True),
            *_second_value_warnings(values[1:]),
            *_ignored_columns(frame, "string"),
        ]
    return items, warnings


def _read_long(frames: Sequence[Sketch]) -> tuple[list[RuleSeries], list[str]]:
    index, values = _series_columns(frames[0], 0, "frame is missing a numeric value field")
    for name, count in Counter(each.name for each in values).items():
        if count > 1:
            text = f"duplicate data points in metric {name}"
            raise _ReadError(text, f"{count} value columns are named {name!r}: give each a different name")
    keys = list(_keys(frames[0].of("string"), index.rows))
    items = [
        RuleSeries(name=each.name, labels=dict(key), points=count)
        for key, count in Counter(keys).items()
        for each in values
    ]
    warnings = [*_time_warnings(index), *_name_warnings(frames[0]), *_point_warnings(keys, index, values)]
    return _sort(items), warnings


def _numeric_wide(frames: Sequence[Sketch]) -> tuple[list[RuleSeries], list[str]]:
    numbers = frames[0].of(*_NUMBERS)
    warnings = [
        *_ignored_columns(frames[0], "bool"),
        *_ignored_columns(frames[0], "string"),
        *_row_count_warnings(numbers),
    ]
    return _sort(RuleSeries(name=each.name, labels=each.labels, points=each.rows) for each in numbers), warnings


def _numeric_multi(frames: Sequence[Sketch]) -> tuple[list[RuleSeries], list[str]]:
    items: list[RuleSeries] = []
    warnings: list[str] = []
    for frame in frames:
        if frame.type != "numeric-multi":
            text = f'frame has wrong type, expected NumericMulti but got "{frame.type}"'
            raise _ReadError(text, "give every frame the type numeric-multi")
        values = frame.of(*_VALUES)
        items += [RuleSeries(name=each.name, labels=each.labels, points=each.rows) for each in values[:1]]
        warnings += [
            *_row_count_warnings(values[:1]),
            *_second_value_warnings(values[1:]),
            *_ignored_columns(frame, "string"),
        ]
    return _sort(items), warnings


def _numeric_long(frames: Sequence[Sketch]) -> tuple[list[RuleSeries], list[str]]:
    numbers = frames[0].of(*_NUMBERS)
    rows = numbers[0].rows if numbers else 0
    keys = _keys(frames[0].of("string"), rows)
    items = _sort(RuleSeries(name=each.name, labels=dict(key), points=1) for key in keys for each in numbers)
    return items, list(_name_warnings(frames[0]))


def _legacy(frames: Sequence[Sketch]) -> Read:
    if len(frames) == 1 and _shape(frames[0]) == "not" and _is_number_table(frames[0]):
        return _number_set(frames[0])
    for frame in frames:
        if (actual := _shape(frame)) != "wide":
            raise _ReadError(f"input data must be a wide series but got type {actual} (input refid)", _HINTS[actual])
    items: list[RuleSeries] = []
    warnings: list[str] = []
    for frame in frames:
        index = next(each for each in frame.columns if each.type == _TIME)
        for column in (each for each in frame.columns if each is not index):
            if column.type not in _NUMBERS or (column.type != "float64" and not column.rows):
                text = f"no float64 value column found in frame {frame.name}"
                raise _ReadError(text, f"column {column.name!r} has no numbers, or no rows: leave it out")
            if index.nullable and None in index.values():
                text = "time series with null time stamps are not supported"
                raise _ReadError(text, f"drop the rows without a time in {index.name!r}")
            items.append(RuleSeries(name=frame.name or column.name, labels=column.labels, points=column.rows))
        warnings += _time_warnings(index, are_single=True)
    return "series", items, warnings


_HINTS = {
    "long": "with text columns beside a time, give the frame the type timeseries-long and version [0, 1], or convert "
    "the texts to labels",
    "not": "give the frame a time and numbers, or one column of numbers whose text columns are the labels "
    "(numeric-long); without data, return no frames",
}


def _number_set(frame: Sketch) -> Read:
    [number] = frame.of(*_NUMBERS)
    items = [RuleSeries(name=number.name, labels=dict(key), points=1) for key in _keys(frame.of("string"), number.rows)]
    has_null = number.nullable and None in number.values()[:MAX_CHECKED_ROWS]
    return "numbers", items, [f"a null in {number.name!r} becomes NaN, and NaN fires the alert"] if has_null else []


def _shape(frame: Sketch) -> str:
    times = frame.of(_TIME)
    factors = frame.of("string", "bool")
    if not times or len(frame.columns) == len(factors) + 1:
        return "not"
    return "long" if factors else "wide"


def _is_number_table(frame: Sketch) -> bool:
    return len(frame.of(*_NUMBERS)) == 1 and all(each.type in _NUMBERS | {"string"} for each in frame.columns)


def _series_columns(frame: Sketch, at: int, missing: str) -> tuple[RuleColumn, list[RuleColumn]]:
    """Return the time column and the value columns, as Grafana's reader of series does."""
    times, values = frame.of(_TIME, nullable=False), frame.of(*_VALUES)
    if not times:
        raise _ReadError(f"frame {at} is missing a []time.Time field", "add a time column that is not nullable")
    if not values:
        raise _ReadError(missing, "there is no column of numbers; without data, leave all fields out")
    return times[0], values


def _keys(texts: Sequence[RuleColumn], rows: int) -> Iterator[tuple[tuple[str, str], ...]]:
    """Yield each row's labels; of two columns with one name, the later one counts."""
    if not texts:
        return iter([()] * min(rows, MAX_CHECKED_ROWS))
    by_name = {each.name: each for each in texts}
    columns = [[(name, value or "") for value in each.values()[:MAX_CHECKED_ROWS]] for name, each in by_name.items()]
    return zip(*columns, strict=True)


def _sort(items: Iterable[RuleSeries]) -> list[RuleSeries]:
    return sorted(items, key=lambda item: (item.name, _text(item.labels)))


def _meta_warnings(frames: Sequence[Sketch]) -> Iterator[str]:
    for frame in frames:
        if frame.meta.get("channel"):
            yield "only panels read a channel: rules read only the frames in the answer"
    if frames and frames[0].type in _TYPES and _version(frames[0]) == [0, 0]:
        yield f"the type {frames[0].type} is ignored, because its version is [0, 0]"


def _item_warnings(kind: Kind, items: Sequence[RuleSeries]) -> Iterator[str]:
    for labels, count in Counter(_text(item.labels) for item in items).items():
        if count > 1:
            yield (
                f'{count} {kind} have the labels {{{labels}}}: a rule fails with "duplicate results with labels"; '
                "add a label that distinguishes them"
            )
    for name in sorted({name for item in items for name in item.labels}):
        if name in _RESERVED or name.startswith("__"):
            yield f"the label {name!r} is reserved by Grafana"
    if kind == "series" and any(item.points == 0 for item in items):
        yield 'Grafana reads a series without points as NaN; for "no data", return a frame without fields'


def _time_warnings(index: RuleColumn, *, are_single: bool = False) -> Iterator[str]:
    values = [value for value in index.values()[:MAX_CHECKED_ROWS] if value is not None]
    if any(map(operator.lt, values[1:], values)):
        yield f"the times in {index.name!r} do not ascend: the last row is not the latest value"
    elif are_single and len(set(values)) < len(values):
        yield f"a time in {index.name!r} occurs more than once: labels are missing"


def _point_warnings(
    keys: Sequence[tuple[tuple[str, str], ...]], index: RuleColumn, values: Sequence[RuleColumn]
) -> Iterator[str]:
    points = Counter(zip(keys, index.values(), strict=False))  # only the first rows have keys
    doubled: dict[tuple[tuple[str, str], ...], int] = {}
    for (key, _), count in points.items():
        if count > 1:
            doubled[key] = max(count, doubled.get(key, 0))
    for key, count in itertools.islice(doubled.items(), _MOST_WARNINGS):
        for each in values:
            yield f"{each.name!r} of {{{_text(dict(key))}}} has {count} points at one time: a text column is missing"
    if len(doubled) > _MOST_WARNINGS:
        yield f"{len(doubled) - _MOST_WARNINGS} more series have several points at one time"


def _name_warnings(frame: Sketch) -> Iterator[str]:
    for name, count in Counter(each.name for each in frame.of("string")).items():
        if count > 1:
            yield f"{count} text columns are named {name!r}: the last of them is the label"


def _ignored_columns(frame: Sketch, kind: str) -> Iterator[str]:
    for column in frame.of(kind):
        yield f"column {column.name!r} is {'text' if kind == 'string' else 'boolean'} and ignored"


def _second_value_warnings(columns: Sequence[RuleColumn]) -> Iterator[str]:
    return (f"column {each.name!r} is a second value column and ignored" for each in columns)


def _row_count_warnings(columns: Sequence[RuleColumn]) -> Iterator[str]:
    return (
        f"column {each.name!r} has {each.rows} rows, but only one is allowed: the value becomes null"
        for each in columns
        if each.rows > 1
    )


def _version(frame: Sketch) -> list[int]:
    return [int(part) for part in frame.meta.get("typeVersion") or (0, 0)]


def _column(schema: Mapping[str, Any], values: Sequence[Any], nanos: Sequence[int] | None) -> RuleColumn:
    info = schema.get("typeInfo", {})
    if nanos:
        values = [None if value is None else (value, below) for value, below in zip(values, nanos, strict=True)]
    return RuleColumn(
        name=schema.get("name", ""),
        type=str(info.get("frame", "")).removeprefix("*"),
        nullable=bool(info.get("nullable")),
        labels=schema.get("labels") or {},
        rows=len(values),
        values=lambda: values,
    )


def _text(labels: Labels) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
