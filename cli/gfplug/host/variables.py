"""Dashboard variables in JSON texts, replaced in a query model as Grafana's frontend does.

Source: @grafana/scenes 9.2.2 (Apache-2.0), variables/interpolation/sceneInterpolator and variables/macros.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gfplug.errors import UsageError
from gfplug.host.variable_formats import Variable, formatted, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import timedelta

    from gfplug.host.convert import Query

_VARIABLE = re.compile(
    r"\$(?P<bare>\w+)|\[\[(?P<old>\w+)(?::(?P<old_form>\w+))?\]\]"
    r"|\$\{(?P<name>\w+)(?:\.(?P<field>[^:^{}\[\].]+))?(?::(?P<form>[^{}]+))?\}",  # no bracket: the search stays linear
    re.ASCII,
)
_NAME = re.compile(r"\w+", re.ASCII)
_ALL = "$__all"
_UNITS = {"y": 31_536_000_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}
_OWN = ("__interval", "__interval_ms", "__from", "__to")


def from_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, Variable]:
    """Create variables from names and values; a name that occurs twice, or as `name[]`, has several values.

    The value `$__all` with other values means that all of these were chosen.
    Raises: UsageError for an invalid name, and for `$__all` without the values that it stands for.
    """
    values: dict[str, list[str]] = {}
    is_multi = set()
    for typed_name, value in pairs:
        name = typed_name.removesuffix("[]")
        if not _NAME.fullmatch(name) or name in _OWN:
            what = "is reserved by Grafana" if name in _OWN else "is not a valid name"
            raise UsageError(f"--var {typed_name}: {name} {what}", hint="names have letters, digits and _")
        if name in values or typed_name != name:
            is_multi.add(name)
        values.setdefault(name, []).append(value)
    return {name: _variable(name, several, is_multi=name in is_multi) for name, several in values.items()}


def _variable(name: str, values: list[str], *, is_multi: bool) -> Variable:
    selection = tuple(value for value in values if value != _ALL)
    if not selection:
        raise UsageError(
            f"--var {name}={_ALL} stands for all values of the variable, but none is given",
            hint=f"add the values: --var {name}={_ALL} --var {name}=first --var {name}=second",
        )
    return Variable(name=name, values=selection, is_multi=is_multi, is_all=len(selection) < len(values))


def of_panel(query: Query, caller: Mapping[str, str]) -> dict[str, Variable]:
    """Return Grafana's built-in variables: the query's time range and interval, and the user."""
    start, end = (round(when.timestamp() * 1000) for when in (query.start, query.end))
    interval_ms = max(1, round(query.interval.total_seconds() * 1000))
    texts = {
        "__interval": interval_text(query.interval),
        "__interval_ms": str(interval_ms),
        "__from": str(start),
        "__to": str(end),
        "__timezone": "utc",
        "__user": "1",
        "__user.id": "1",
        "__user.login": caller.get("login", ""),
        "__user.email": caller.get("email", ""),
        "__org": "1",
        "__org.id": "1",
        "__org.name": "Main Org.",
    }
    dates = {"__from": moment(start, "YYYY-MM-DD HH:mm:ss"), "__to": moment(end, "YYYY-MM-DD HH:mm:ss")}
    return {
        name: Variable(name=name.partition(".")[0], values=(text,), text=dates.get(name, ""))
        for name, text in texts.items()
    }


def interval_text(interval: timedelta) -> str:
    """Write an interval like Grafana's panels: whole units of the largest unit that fits.

    Source: @grafana/data 13.2.2, datetime/rangeutil, secondsToHms.
    """
    milliseconds = max(1, round(interval.total_seconds() * 1000))
    unit = next((unit for unit, size in _UNITS.items() if milliseconds >= size), "ms")
    return f"{milliseconds // _UNITS.get(unit, 1)}{unit}"


def interpolate(value: Any, variables: Mapping[str, Variable]) -> Any:  # noqa: ANN401 - JSON
    """Replace `$name`, `${name}`, `${name:format}` and `[[name]]` in every text; unknown names are unchanged.

    A list item that is only a variable becomes one item for each of its values, as in gfplug's editors.
    """
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _text_of(match, variables), value)
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [each for item in value for each in _items(item, variables)]
    return value


def _items(item: Any, variables: Mapping[str, Variable]) -> list[Any]:  # noqa: ANN401 - JSON
    match = _VARIABLE.fullmatch(item) if isinstance(item, str) else None
    variable = _find(match, variables) if match and not (match["form"] or match["old_form"]) else None
    return list(variable.values) if variable else [interpolate(item, variables)]


def _find(match: re.Match[str], variables: Mapping[str, Variable]) -> Variable | None:
    name = match["bare"] or match["old"] or match["name"]
    field = match["field"]
    if not field or f"{name}.{field}" in variables:
        return variables.get(f"{name}.{field}" if field else name)
    variable = variables.get(name)
    if variable and field.isdecimal() and int(field) < len(variable.values):
        return Variable(name=name, values=(variable.values[int(field)],))
    return variable


def _text_of(match: re.Match[str], variables: Mapping[str, Variable]) -> str:
    variable = _find(match, variables)
    return match[0] if variable is None else formatted(variable, match["form"] or match["old_form"] or "")


def replace(value: Any, pattern: re.Pattern[str], text_of: Callable[[re.Match[str]], str]) -> Any:  # noqa: ANN401 - JSON
    """Replace a pattern in every text of a JSON value."""
    if isinstance(value, str):
        return pattern.sub(text_of, value)
    if isinstance(value, dict):
        return {key: replace(item, pattern, text_of) for key, item in value.items()}
    if isinstance(value, list):
        return [replace(item, pattern, text_of) for item in value]
    return value
