"""Find the parameters that bound a time range: those with names such as from, since, start, until or end.

Such a parameter must be a time and not a list. At most one is chosen for each bound, both of the same family
(`created_after` and `created_before`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.identifiers import words
from gfplug.scaffold.openapi.model import ValueType
from gfplug.scaffold.openapi.values import is_time, time_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.openapi.model import Column, Parameter, Wire

_START = frozenset(
    {*("from", "since", "start", "begin", "beginning", "starting", "after", "gte", "gt", "min", "oldest", "earliest")}
)
_END = frozenset({*("to", "until", "till", "end", "ending", "before", "lte", "lt", "max", "latest", "upto")})
_COMPARISONS = frozenset({"gt", "gte", "lt", "lte", "min", "max", "after", "before"})
_EXCLUSIVE = frozenset({"gt", "lt"})
_SIGNS = {">=": " gte", "<=": " lte", ">": " gte", "<": " lte"}  # `StartTime>`
_FAMILIES = [
    (),
    *(
        (word,)
        for word in (
            *("created", "creation", "start", "started", "occurred", "event", "recorded", "published"),
            *("posted", "sent", "received", "measured", "logged", "query", "search", "report", "data"),
        )
    ),
]
"""Words that may be beside a bound in a name, the likelier first; other words (`expires_before`) would hide rows."""
_NOISE = frozenset(
    {
        *("date", "time", "datetime", "timestamp", "at", "ts", "utc", "iso", "iso8601", "rfc3339", "unix", "epoch"),
        *("ms", "millis", "seconds", "day", "range", "period", "window", "interval", "filter", "on", "by", "in", "the"),
    }
)
_SUFFIX = re.compile(r"(datetime|timestamp|date|time|at|ts)$")
_TEXT_TIME = re.compile(r"\b(iso[ -]?8601|rfc[ -]?3339)\b", re.IGNORECASE)
_TIMESTAMP = re.compile(r"\btimestamp\b", re.IGNORECASE)
_EPOCH_SECONDS = re.compile(r"1[0-9]{9}", re.ASCII)
_MILLIS = re.compile(r"1[0-9]{12}", re.ASCII)
_DURATION = re.compile(r"\bdurations?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _End:
    """A parameter that may be a bound: its index, its side, its family, and its rank, 0 for the likeliest."""

    index: int
    side: str
    family: tuple[str, ...]
    rank: int


def bind_time_range(parameters: Sequence[Parameter], columns: Sequence[Column] = ()) -> list[Parameter]:
    """Return the parameters; those that bound a time range get a `bound`.

    A number is a time if the column of that name is a time (`created[gte]`, with `created` in seconds).
    """
    counts = _counts(columns)
    times = [_as_time(parameter, counts) for parameter in parameters]
    exact = {_plain_name(parameter) for parameter in parameters} - {""}  # a parameter `created` beside `created[gte]`
    ends = [
        end
        for index, parameter in enumerate(times)
        if parameter.name not in exact and (end := _end(index, parameter)) is not None
    ]
    bound = list(parameters)
    if not ends:
        return bound
    family = _choose_family(ends)
    for side in ("start", "end"):
        own = [end for end in ends if end.family == family and end.side == side]
        if own:
            index = min(own, key=lambda end: (end.rank, end.index)).index
            bound[index] = replace(times[index], bound="start" if side == "start" else "end")
    return bound


def _counts(columns: Sequence[Column]) -> dict[tuple[str, ...], Wire]:
    """Map the families of time columns to the encoding of their outermost columns; empty if these differ."""
    wires: dict[tuple[str, ...], tuple[int, Wire]] = {}
    for column in sorted(columns, key=lambda column: len(column.path)):
        if not column.path or not column.wire:
            continue
        family, depth = _family(tuple(words(column.path[-1]))), len(column.path)
        first_depth, wire = wires.setdefault(family, (depth, column.wire))
        if first_depth == depth and wire != column.wire:
            wires[family] = (depth, "")
    return {family: wire for family, (_, wire) in wires.items()}


def _choose_family(ends: Sequence[_End]) -> tuple[str, ...]:
    """Return the likeliest family: a family with both ends comes first."""
    families = {end.family: {other.side for other in ends if other.family == end.family} for end in ends}
    return min(families, key=lambda family: (-len(families[family]), _FAMILIES.index(family)))


def _end(index: int, parameter: Parameter) -> _End | None:
    kind = parameter.type
    if kind.kind != "time" or kind.is_list or parameter.location not in ("query", "body"):
        return None
    names = _names(parameter)
    marks = [name for name in names if name in _COMPARISONS] or [name for name in names if name in _START | _END]
    family = _family(names)
    if len(marks) != 1 or family not in _FAMILIES:
        return None
    return _End(index, "start" if marks[0] in _START else "end", family, int(marks[0] in _EXCLUSIVE))


def _plain_name(parameter: Parameter) -> str:
    """Return a name without its comparison sign: `StartTime` for `StartTime>`; empty for other names."""
    return next((parameter.name.removesuffix(sign) for sign in _SIGNS if parameter.name.endswith(sign)), "")


def _names(parameter: Parameter) -> list[str]:
    name = parameter.name
    for sign, word in _SIGNS.items():
        name = f"{name.removesuffix(sign)}{word}" if name.endswith(sign) else name
    return [_bare(word) for word in words(name)]


def _family(names: Sequence[str]) -> tuple[str, ...]:
    """Return a name without words for times and bounds: `created` of `created_at`, `start` of `start_time_gte`."""
    marks = _COMPARISONS if _COMPARISONS.intersection(names) else _START | _END
    return tuple(name for name in names if name not in _NOISE and name not in marks)


def _bare(word: str) -> str:
    """Return `start` for `starttime`, and any other word unchanged."""
    bare = _SUFFIX.sub("", word)
    return bare if bare in _START | _END else word


def _as_time(parameter: Parameter, counts: Mapping[tuple[str, ...], Wire]) -> Parameter:
    """Return a text as a time if its description or example shows a time; a number if its column is a time."""
    if parameter.type.choices or _DURATION.search(parameter.description):
        return parameter
    if parameter.type.kind in ("integer", "number"):
        family = _family(_names(parameter))
        return _as_count(parameter, counts.get(family, "") if family else "")
    if parameter.type.kind != "string":
        return parameter
    wire = time_of(parameter.description) or _example_wire(parameter)
    if parameter.location == "query" and wire:
        return _as_count(parameter, wire)
    is_described = _TEXT_TIME.search(parameter.description) or is_time(parameter.example, "rfc3339")
    if not is_described or not isinstance(parameter.default, str | None):
        return parameter
    kind = replace(parameter.type, kind="time", wire="rfc3339", min_length=None, max_length=None)
    default = parameter.default if is_time(parameter.default, "rfc3339") else None
    example = parameter.example if is_time(parameter.example, "rfc3339") else None
    return replace(parameter, type=kind, default=default, example=example)


def _example_wire(parameter: Parameter) -> Wire:
    """Return the encoding of a text that is described as a timestamp, if its example has the digits of a timestamp."""
    if not _TIMESTAMP.search(parameter.description) or not isinstance(parameter.example, str):
        return ""
    return (
        "seconds"
        if _EPOCH_SECONDS.fullmatch(parameter.example)
        else "milliseconds"
        if _MILLIS.fullmatch(parameter.example)
        else ""
    )


def _as_count(parameter: Parameter, wire: Wire) -> Parameter:
    """Return a parameter as a count since 1970, without limits and default."""
    if wire not in ("seconds", "milliseconds"):
        return parameter
    kind = ValueType(kind="time", wire=wire, is_list=parameter.type.is_list)
    return replace(parameter, type=kind, default=None, example=None)
