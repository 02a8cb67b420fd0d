"""Find the list operation that has the choices of a path parameter: `/users` for `/users/{user_id}/posts`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gfplug.scaffold.openapi.identifiers import snake
from gfplug.scaffold.openapi.model import OptionsFrom

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.scaffold.openapi.model import Column, Operation, Parameter

_LABELS = ("name", "title", "display_name", "label", "summary", "full_name", "login", "username", "email", "slug")
_LOGINS = ("username", "login", "user_name")
_KEYS = frozenset({"id", "uid", "uuid", "guid", "key", "slug", "name", "code", "sid", "gid", "arn", "number"})


def add_options(operations: Sequence[Operation]) -> list[Operation]:
    """Return the operations; each path parameter gets the list operation that has its choices."""
    lists = {
        operation.path.removesuffix(".json").rstrip("/"): operation
        for operation in reversed(operations)
        if operation.method == "GET" and operation.response.shape == "array"
    }
    return [
        replace(
            operation,
            parameters=tuple(_with_options(parameter, operation, lists) for parameter in operation.parameters),
        )
        for operation in operations
    ]


def _with_options(parameter: Parameter, operation: Operation, lists: Mapping[str, Operation]) -> Parameter:
    if parameter.location != "path" or parameter.type.choices or parameter.type.is_list:
        return parameter
    before = operation.path.partition(f"{{{parameter.name}}}")[0]
    source = lists.get(before.rstrip("/"))
    if not before.endswith("/") or source is None or source.identifier == operation.identifier:
        return parameter
    own = {other.name: other for other in operation.parameters if other.location == "path"}
    needed = [other for other in source.parameters if other.is_required and other.default is None]
    value = _value_column(parameter, source)
    if value is None or any(other.location != "path" or other.name not in own for other in needed):
        return parameter
    arguments = tuple((other.identifier, own[other.name].identifier) for other in needed)
    options = OptionsFrom(
        operation=source.identifier, value=value.name, label=_label_column(value, source).name, arguments=arguments
    )
    return replace(parameter, options_from=options)


def _value_column(parameter: Parameter, source: Operation) -> Column | None:
    """Return the column with a parameter's values: its name is the parameter's, the key at the end of that, or `id`."""
    name = snake(parameter.name)
    last = name.rpartition("_")[2]
    kinds = ("string", "integer") if parameter.type.kind == "string" else (parameter.type.kind,)
    columns = {column.path: column for column in source.response.columns if column.kind in kinds}
    by_name = {tuple(snake(step) for step in path): column for path, column in columns.items()}
    candidates: list[tuple[str, ...]] = [(name,)]
    if name in _LOGINS:
        candidates += [(other,) for other in _LOGINS]
    elif last in _KEYS:
        candidates += [(last,), ("attributes", last), ("metadata", last)]
    elif by_name.get(("id",), parameter.type).kind == parameter.type.kind:
        candidates += [("id",)]
    if snake(source.path.rpartition("/")[2]) in (f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies"):
        candidates += [("metadata", "name")]  # as Kubernetes names its objects
    return next((by_name[path] for path in candidates if path in by_name), None)


def _label_column(value: Column, source: Operation) -> Column:
    texts = {snake(column.path[-1]): column for column in reversed(source.response.columns) if column.path}
    columns = [texts[name] for name in _LABELS if name in texts and texts[name].kind == "string"]
    flat = [column for column in columns if len(column.path) <= len(value.path)]
    return next(iter(flat), value)
