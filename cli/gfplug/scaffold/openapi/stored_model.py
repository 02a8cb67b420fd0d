"""Read and write `src/upstream/description.json`, the model of an API's description in a project.

Shape: `{format, operations, data_source}`; `operations` are the names that the author chose, empty for all. Fields of
the data source that have their defaults are left out. The whole folder can be written again from this file.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.scaffold.openapi import model
from gfplug.scaffold.openapi.model import DataSource
from gfplug.scaffold.openapi.python_text import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.openapi.model import Operation

NAME = "src/upstream/description.json"
"""The file's path in a project."""

_FORMAT = 1
_RESTORE = "restore it from version control"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """The data source of a description, and the operations that the author chose; empty means all."""

    source: DataSource
    operations: tuple[str, ...] = ()


def encode(stored: StoredModel) -> bytes:
    """Return the file's bytes; equal models give equal bytes."""
    source = dataclasses.replace(stored.source, left_out=(), violations=())  # messages of one run
    value = {"format": _FORMAT, "operations": list(stored.operations), "data_source": _plain(source)}
    return (json.dumps(value, indent=1, ensure_ascii=True) + "\n").encode()


def decode(text: bytes) -> StoredModel:
    """Read the file.

    Raises: ProjectError that names the value that this gfplug does not accept.
    """
    try:
        value = json.loads(text)
        if value["format"] != _FORMAT:
            raise ProjectError(
                f"{NAME} has the format {value['format']!r} of another gfplug; this one reads {_FORMAT}",
                hint=_RESTORE,
            )
        source: DataSource = _read(DataSource, value["data_source"], "data_source")
        for operation in source.operations:
            _check_references(operation)
        return StoredModel(source, tuple(str(each) for each in value["operations"]))
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ProjectError(f"{NAME} can't be read: {type(error).__name__}: {error}", hint=_RESTORE) from error


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if dataclasses.is_dataclass(value):
        pairs = ((each, getattr(value, each.name)) for each in dataclasses.fields(value))
        return {
            each.name: _plain(inside) for each, inside in pairs if inside != each.default or _is_other(inside, each)
        }
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _is_other(value: object, each: dataclasses.Field[Any]) -> bool:
    """Whether a value has another type than the default: in Python, False equals 0, and 1 equals 1.0."""
    return type(value) is not type(each.default)


def _read(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401 - JSON and a type
    """Read a value of one of the model's types.

    Raises: TypeError that names the place.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return _read_union(arguments, value, place)
    if origin is tuple and isinstance(value, list):
        items: Sequence[Any] = [arguments[0]] * len(value) if arguments[1:] == (Ellipsis,) else arguments
        pairs = enumerate(zip(items, value, strict=True))
        return tuple(_read(item, inside, f"{place}[{number}]") for number, (item, inside) in pairs)
    if origin is typing.Literal and any(value == each and type(value) is type(each) for each in arguments):
        return value
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(value, dict):
        hints = typing.get_type_hints(kind, vars(model))
        if unknown := value.keys() - hints.keys():
            raise TypeError(f"{place} has the unknown key {min(unknown)!r}")
        if "identifier" in value:
            identifier(str(value["identifier"]))
        return kind(**{name: _read(hints[name], inside, f"{place}.{name}") for name, inside in value.items()})
    if isinstance(kind, type) and (type(value) is kind or (kind is float and type(value) is int)):
        return value
    raise TypeError(f"{place} has the wrong type: {str(value)[:80]!r}")


def _check_references(operation: Operation) -> None:
    """Check that the parameters of an operation's pages exist.

    Raises: LookupError that names the missing parameter.
    """
    pages = operation.pagination
    names = {"", *(each.identifier for each in operation.parameters)}
    if pages is not None and (missing := {pages.parameter, pages.size_parameter} - names):
        raise LookupError(f"{operation.name} has no parameter {min(missing)!r}")


def _read_union(kinds: Sequence[Any], value: Any, place: str) -> Any:  # noqa: ANN401 - as above
    for kind in sorted(kinds, key=lambda each: each is float):  # a whole number stays an int
        if kind is types.NoneType:
            if value is None:
                return None
            continue
        try:
            return _read(kind, value, place)
        except TypeError:
            continue
    raise TypeError(f"{place} has the wrong type: {str(value)[:80]!r}")
