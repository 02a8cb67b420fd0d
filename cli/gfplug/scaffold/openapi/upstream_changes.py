"""What another description of an API changes for those who ask it: operations, what they ask for, and their columns.

The names are those of saved queries and of frames, so that a change of wording alone is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.operation_fields import Names, query_classes
from gfplug.scaffold.openapi.option_fields import option_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gfplug.scaffold.openapi.model import DataSource
    from gfplug.scaffold.openapi.operation_fields import QueryClass, QueryField


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `is_breaking` says that a saved query, dashboard or rule may miss what it refers to."""

    path: str
    message: str
    is_breaking: bool

    def to_json(self) -> dict[str, object]:
        """Return the change as `--json` shows it."""
        return {"path": self.path, "message": self.message, "breaking": self.is_breaking}


def compare(old: DataSource, new: DataSource) -> list[Change]:
    """List what differs, what breaks first, then by its path."""
    before = {each.name: each for each in query_classes(old, Names())}
    after = {each.name: each for each in query_classes(new, Names())}
    changes = [
        *_coming_and_going("operation", "", before, after),
        *_coming_and_going("option", "", *map(_options, (old, new))),
    ]
    for name in before.keys() & after.keys():
        changes += [*_parameters(before[name], after[name]), *_columns(before[name], after[name])]
        changes += _requests(before[name], after[name])
    return sorted(changes, key=lambda change: (not change.is_breaking, change.path, change.message))


def _coming_and_going(what: str, owner: str, old: Collection[str], new: Collection[str]) -> Iterator[Change]:
    """Report what one side alone has."""
    for name in set(old) - set(new):
        yield Change(f"{owner}{name}", f"{what} {owner}{name} is gone", is_breaking=True)
    for name in set(new) - set(old):
        yield Change(f"{owner}{name}", f"{what} {owner}{name} is new", is_breaking=False)


def _parameters(old: QueryClass, new: QueryClass) -> Iterator[Change]:
    """Report the parameters that a query chooses."""
    before, after = _fields(old), _fields(new)
    for change in _coming_and_going("parameter", f"{old.name}.", before, after):
        field = after.get(change.path.rpartition(".")[2])
        is_needed = field is not None and field.is_needed
        yield replace(change, message=f"{change.message}, and required", is_breaking=True) if is_needed else change
    for name in before.keys() & after.keys():
        yield from _parameter(f"{old.name}.{name}", before[name], after[name])


def _parameter(path: str, old: QueryField, new: QueryField) -> Iterator[Change]:
    """Report a parameter that is of another type, that has other choices, or that is required now."""
    if old.parameter is None or new.parameter is None:
        return
    before, after = old.parameter.type, new.parameter.type
    kinds = [f"{'a list of ' if each.is_list else ''}{each.kind}" for each in (before, after)]
    if kinds[0] != kinds[1]:
        yield Change(path, f"parameter {path} was {kinds[0]} and is {kinds[1]}", is_breaking=True)
    elif before.choices and after.choices:
        for choice in (each for each in before.choices if each not in after.choices):
            yield Change(path, f"parameter {path} may not be {choice!r} any more", is_breaking=True)
        for choice in (each for each in after.choices if each not in before.choices):
            yield Change(path, f"parameter {path} may be {choice!r}, too", is_breaking=False)
    elif after.choices:
        yield Change(path, f"parameter {path} has choices now: {', '.join(map(repr, after.choices))}", is_breaking=True)
    elif before.choices:
        yield Change(path, f"parameter {path} may be anything now", is_breaking=False)
    if new.is_needed and not old.is_needed:
        yield Change(path, f"parameter {path} is required now", is_breaking=True)


def _columns(old: QueryClass, new: QueryClass) -> Iterator[Change]:
    """Report the columns of an answer, which dashboards and rules name."""
    before, after = ({one.name: one.kind for one in each.operation.response.columns} for each in (old, new))
    yield from _coming_and_going("column", f"{old.name}.", before, after)
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            path = f"{old.name}.{name}"
            yield Change(path, f"column {path} was {before[name]} and is {after[name]}", is_breaking=True)


def _requests(old: QueryClass, new: QueryClass) -> Iterator[Change]:
    """Report an operation that is asked in another way."""
    before, after = (f"{each.operation.method} {each.operation.path}" for each in (old, new))
    if before != after:
        yield Change(old.name, f"operation {old.name} was {before} and is {after}", is_breaking=False)
    is_paged = [each.operation.pagination is not None for each in (old, new)]
    if is_paged[0] != is_paged[1]:
        words = "has pages now" if is_paged[1] else "has no pages any more"
        yield Change(old.name, f"operation {old.name} {words}", is_breaking=False)


def _options(source: DataSource) -> list[str]:
    names = option_names(source)
    return [*names.secrets.values(), *names.variables.values()]


def _fields(each: QueryClass) -> dict[str, QueryField]:
    return {field.name: field for field in each.fields if field.parameter is not None}
