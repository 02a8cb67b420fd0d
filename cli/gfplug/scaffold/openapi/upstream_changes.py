"""Compare two descriptions of an API: their operations, parameters and columns, as queries use them.

The names are those in saved queries and frames, so another text, such as a summary, is not a change. If a name now
means another parameter, column or operation, the change is breaking: queries would not fail but show wrong data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.class_names import ClassNames
from gfplug.scaffold.openapi.operation_fields import plan_classes
from gfplug.scaffold.openapi.option_fields import option_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from gfplug.scaffold.openapi.model import Column, DataSource, Parameter, ValueType
    from gfplug.scaffold.openapi.operation_fields import QueryClass, QueryField

_LIMITS = ("minimum", "maximum", "min_length", "max_length", "min_items", "max_items")
_LOWER = frozenset({"minimum", "min_length", "min_items"})


@dataclass(frozen=True, slots=True)
class UpstreamChange:
    """One difference; with `is_breaking`, a saved query, dashboard or rule may no longer work."""

    path: str
    message: str
    is_breaking: bool

    def to_json(self) -> dict[str, object]:
        """Return the change as `--json` prints it."""
        return {"path": self.path, "message": self.message, "breaking": self.is_breaking}


def compare(old: DataSource, new: DataSource) -> list[UpstreamChange]:
    """List the differences, breaking ones first, then by path."""
    before = {each.name: each for each in plan_classes(old, ClassNames())}
    after = {each.name: each for each in plan_classes(new, ClassNames())}
    changes = [
        *_added_and_removed("operation", "", before, after),
        *_added_and_removed("option", "", *map(_options, (old, new))),
        *_meanings("option", "", *map(_options, (old, new))),
    ]
    for name in before.keys() & after.keys():
        changes += [*_parameters(before[name], after[name]), *_columns(before[name], after[name])]
        changes += _requests(before[name], after[name])
    return sorted(changes, key=lambda change: (not change.is_breaking, change.path, change.message))


def _added_and_removed(what: str, owner: str, old: Collection[str], new: Collection[str]) -> Iterator[UpstreamChange]:
    """Report names that only one side has."""
    for name in set(old) - set(new):
        yield UpstreamChange(f"{owner}{name}", f"{what} {owner}{name} was removed", is_breaking=True)
    for name in set(new) - set(old):
        yield UpstreamChange(f"{owner}{name}", f"{what} {owner}{name} is new", is_breaking=False)


def _meanings(what: str, owner: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[UpstreamChange]:
    """Report names whose meaning changed."""
    for name in old.keys() & new.keys():
        if old[name] != new[name]:
            path = f"{owner}{name}"
            yield UpstreamChange(path, f"{what} {path} was {old[name]}, and is now {new[name]}", is_breaking=True)


def _parameters(old: QueryClass, new: QueryClass) -> Iterator[UpstreamChange]:
    """Report the changes of the parameters that a query sets."""
    before, after = _fields(old), _fields(new)
    for change in _added_and_removed("parameter", f"{old.name}.", before, after):
        field = after.get(change.path.rpartition(".")[2])
        is_needed = field is not None and field.is_needed
        yield replace(change, message=f"{change.message}, and required", is_breaking=True) if is_needed else change
    places = [{name: _place(each.parameter) for name, each in fields.items()} for fields in (before, after)]
    yield from _meanings("parameter", f"{old.name}.", *places)
    for name in before.keys() & after.keys():
        yield from _parameter(f"{old.name}.{name}", before[name], after[name])


def _place(parameter: Parameter | None) -> str:
    """Describe a parameter's name and location in the request."""
    if parameter is None:
        return ""
    name = ".".join(parameter.path) if parameter.location == "body" else parameter.name
    return f"{name!r} of the {parameter.location}"


def _parameter(path: str, old: QueryField, new: QueryField) -> Iterator[UpstreamChange]:
    """Report the changes of a parameter's type, choices, limits and default, and whether it is required."""
    if old.parameter is None or new.parameter is None:
        return
    before, after = old.parameter.type, new.parameter.type
    kinds = [f"{'a list of ' if each.is_list else ''}{each.kind}" for each in (before, after)]
    if kinds[0] != kinds[1]:
        yield UpstreamChange(path, f"parameter {path} was {kinds[0]}, and is now {kinds[1]}", is_breaking=True)
    else:
        yield from _choices(path, before, after)
        yield from _limits(path, before, after)
    if new.is_needed and not old.is_needed:
        yield UpstreamChange(path, f"parameter {path} is now required", is_breaking=True)
    elif old.is_needed and not new.is_needed:
        yield UpstreamChange(path, f"parameter {path} is no longer required", is_breaking=False)
    elif old.parameter.default != new.parameter.default:
        defaults = ", and is now ".join(repr(each.default) for each in (old.parameter, new.parameter))
        yield UpstreamChange(path, f"the default of parameter {path} was {defaults}", is_breaking=False)


def _choices(path: str, old: ValueType, new: ValueType) -> Iterator[UpstreamChange]:
    """Report the changes of a parameter's choices, and of the encoding of its times."""
    if old.wire != new.wire:
        yield UpstreamChange(
            path, f"parameter {path} was sent as {old.wire}, and is now sent as {new.wire}", is_breaking=False
        )
    if old.choices and new.choices:
        for choice in (each for each in old.choices if each not in new.choices):
            yield UpstreamChange(path, f"parameter {path} no longer accepts {choice!r}", is_breaking=True)
        for choice in (each for each in new.choices if each not in old.choices):
            yield UpstreamChange(path, f"parameter {path} now also accepts {choice!r}", is_breaking=False)
    elif new.choices:
        yield UpstreamChange(
            path, f"parameter {path} now accepts only: {', '.join(map(repr, new.choices))}", is_breaking=True
        )
    elif old.choices:
        yield UpstreamChange(path, f"parameter {path} now accepts any value", is_breaking=False)


def _limits(path: str, old: ValueType, new: ValueType) -> Iterator[UpstreamChange]:
    """Report changes of limits; a tighter limit is breaking, as a saved query may exceed it."""
    for name in _LIMITS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            is_tighter = after is not None and (before is None or (after > before) == (name in _LOWER))
            words = name.replace("_", " ")
            yield UpstreamChange(
                path, f"the {words} of parameter {path} was {before}, and is now {after}", is_breaking=is_tighter
            )


def _columns(old: QueryClass, new: QueryClass) -> Iterator[UpstreamChange]:
    """Report the changes of a response's columns, which dashboards and rules name."""
    before, after = ({one.name: one for one in each.operation.response.columns} for each in (old, new))
    yield from _added_and_removed("column", f"{old.name}.", before, after)
    values = [{name: _value(one) for name, one in each.items()} for each in (before, after)]
    yield from _meanings("column", f"{old.name}.", *values)
    for name in before.keys() & after.keys():
        path, one, two = f"{old.name}.{name}", before[name], after[name]
        if one.kind != two.kind:
            yield UpstreamChange(path, f"column {path} was {one.kind}, and is now {two.kind}", is_breaking=True)
        if one.is_label != two.is_label:
            words = "is now a label" if two.is_label else "is no longer a label"
            yield UpstreamChange(path, f"column {path} {words}: the labels of series change", is_breaking=True)
        for choice in (each for each in one.choices if two.choices and each not in two.choices):
            yield UpstreamChange(path, f"column {path} no longer has the value {choice!r}", is_breaking=False)
        for choice in (each for each in two.choices if one.choices and each not in one.choices):
            yield UpstreamChange(path, f"column {path} can now also have the value {choice!r}", is_breaking=False)


def _value(column: Column) -> str:
    """Describe where a column's value is in its row."""
    return "the key of its row" if column.is_key else f"the value at {'/'.join(column.path)!r}"


def _requests(old: QueryClass, new: QueryClass) -> Iterator[UpstreamChange]:
    """Report the changes of an operation's method, path, pages and rows."""
    before, after = (f"{each.operation.method} {each.operation.path}" for each in (old, new))
    if before != after:
        yield UpstreamChange(old.name, f"operation {old.name} was {before}, and is now {after}", is_breaking=True)
    is_paged = [_is_paged(each) for each in (old, new)]
    if is_paged[0] != is_paged[1]:
        words = "now has pages" if is_paged[1] else "no longer has pages"
        yield UpstreamChange(old.name, f"operation {old.name} {words}", is_breaking=False)
    rows = ["/".join(each.operation.response.row_path) or "the response itself" for each in (old, new)]
    if rows[0] != rows[1]:
        yield UpstreamChange(
            old.name, f"the rows of {old.name} were in {rows[0]}, and are now in {rows[1]}", is_breaking=False
        )


def _is_paged(each: QueryClass) -> bool:
    return each.operation.pagination is not None and each.operation.pagination.kind != "unknown"


def _options(source: DataSource) -> dict[str, str]:
    """Map the names of the options to their meanings."""
    names = option_names(source)
    kinds = {each.name: f"{each.key_location or each.kind} {each.key_name}".strip() for each in source.auth}
    secrets = {option: f"the secret of {name!r} ({kinds[name]})" for name, option in names.secrets.items()}
    return {**secrets, **dict.fromkeys(names.variables.values(), "a part of the address")}


def _fields(each: QueryClass) -> dict[str, QueryField]:
    return {field.name: field for field in each.fields if field.parameter is not None}
