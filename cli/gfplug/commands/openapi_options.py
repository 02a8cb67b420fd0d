"""The options about an API's description, and the messages about parts that gfplug leaves out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console
from gfplug.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.openapi.model import DataSource, LeftOut
    from gfplug.scaffold.openapi.upstream_changes import UpstreamChange

OpenApi = Annotated[
    str | None,
    typer.Option("--openapi", metavar="FILE|URL", help="An API's description: OpenAPI 3, or Swagger 2."),
]
Operations = Annotated[
    str | None,
    typer.Option(metavar="NAME,NAME", help="Use only these operations of the description."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse a description if one of its operations can't be read completely.")
]

_MOST_VIOLATIONS = 5
_KINDS = {
    "not_a_query": "not a query",
    "flawed": "left out",
    "part": "incomplete",
}


def names(operations: str | None) -> tuple[str, ...]:
    """Split a list of operation names."""
    return tuple(filter(None, (name.strip() for name in (operations or "").split(","))))


def require_openapi(openapi: str | None, *, operations: str | None, strict: bool) -> None:
    """Refuse options that need a description if there is no description.

    Raises: UsageError that names the option.
    """
    is_set = {"--operations": operations is not None, "--strict": strict}
    if openapi is None and (option := next((name for name, value in is_set.items() if value), None)):
        raise UsageError(f"{option} needs an API's description", hint="give one with --openapi FILE")


def read(openapi: str, operations: Sequence[str], *, strict: bool, previous: Sequence[str] = ()) -> DataSource:
    """Read a description, and print which parts gfplug leaves out.

    Raises: as `description.read` does; ProjectError if `strict` is set and an operation can't be read.
    """
    from gfplug.scaffold.openapi import description  # noqa: PLC0415 - a command's imports are its own

    source = description.read(openapi, operations=operations, previous=previous)
    for each in source.left_out:
        console.note(_sentence(each))
    for violation in (source.violations or ())[:_MOST_VIOLATIONS]:
        console.note(f"not valid: ({violation.place}): {violation.sentence}")
    counts: Counter[str] = Counter(each.kind for each in source.left_out)
    rest = "".join(f"; {counts[kind]} {words}" for kind, words in _KINDS.items() if counts[kind])
    console.note(f"{_count(len(source.operations))} of {source.title!r} can be queried{rest}")
    if strict and counts["flawed"]:
        raise ProjectError(
            f"{_count(counts['flawed'])} can't be read as described, but --strict requires all",
            hint="choose others with --operations, or omit --strict",
            details="\n".join(_sentence(each) for each in source.left_out if each.kind == "flawed"),
        )
    return source


def show_changes(changes: Sequence[UpstreamChange]) -> None:
    """Print what the new description changes for queries."""
    for change in changes:
        console.note(f"{'breaking' if change.is_breaking else 'note'}: {change.message}")
    if not changes:
        console.note("The API's operations, parameters and columns did not change")


def _count(number: int) -> str:
    return f"{number} operation{'' if number == 1 else 's'}"


def _sentence(each: LeftOut) -> str:
    who = f"{each.operation} " if each.operation else ""
    return f"{_KINDS[each.kind]}: {who}({each.place}): {each.reason}"
