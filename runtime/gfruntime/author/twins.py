"""Copy dataclasses without their `__post_init__`: a "twin" has the same fields.

A twin is decoded first, so that the author's code only sees values in bounds.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any


def has_fields(kind: Any) -> bool:  # noqa: ANN401  # a type
    """Tell whether a type has fields with bounds: a dataclass, or a model of pydantic or msgspec."""
    is_model = hasattr(kind, "model_fields") or hasattr(kind, "__struct_fields__")
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or is_model)


def twin_of(kind: Any) -> Any:  # noqa: ANN401
    """Return a class with the same fields and no `__post_init__`, nested classes included; or the class itself."""
    return _twin(kind, frozenset())


def _twin(kind: Any, owners: frozenset[Any]) -> Any:  # noqa: ANN401
    """Replace a type, and the types in it; a type that contains itself is not replaced again."""
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and not typing.get_args(kind):
        return kind if kind in owners else _dataclass(kind, owners | {kind})
    arguments = typing.get_args(kind)
    if not arguments or typing.get_origin(kind) is typing.Literal:
        return kind
    if typing.get_origin(kind) is typing.Annotated:
        inner = _twin(arguments[0], owners)
        return kind if inner is arguments[0] else inner
    twins = tuple(_twin(argument, owners) for argument in arguments)
    if all(one is other for one, other in zip(twins, arguments, strict=True)):
        return kind
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return typing.Union[twins]  # noqa: UP007  # made at run time
    return typing.get_origin(kind)[twins]


def _dataclass(kind: Any, owners: frozenset[Any]) -> Any:  # noqa: ANN401
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = [each for each in dataclasses.fields(kind) if each.init]
    twins = {each.name: _twin(hints[each.name], owners) for each in fields}
    if not hasattr(kind, "__post_init__") and all(twins[each.name] is hints[each.name] for each in fields):
        return kind
    copies = [
        (each.name, twins[each.name], dataclasses.field(default=each.default, default_factory=each.default_factory))
        for each in fields
    ]
    return dataclasses.make_dataclass(kind.__name__, copies, kw_only=True)
