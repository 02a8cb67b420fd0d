"""Which form control a type gets; a type without a control is an error that names class and field.

Uses the standard library only, because it runs when the plugin is built.
"""

from __future__ import annotations

import builtins
import enum
import math
import types
import typing
from typing import Any

from gfruntime.author.ui import Secret, Ui

_SUPPORTED = (
    "str, int, float, bool, Literal, Enum, list[...] of these, a dataclass of these, a list of such dataclasses, "
    "Secret, or a simple type with `| None`"
)
_UPPER = {"api", "dns", "http", "id", "ip", "sql", "tls", "ui", "uri", "url"}


class SchemaError(Exception):
    """The dataclasses cannot become a form; the message names class and field."""


def unwrap(hint: Any) -> tuple[Any, Ui, bool]:  # noqa: ANN401 - a type
    """Return the type without `Annotated`, aliases and `| None`; its presentation; and whether it may be None."""
    ui, nullable = Ui(), False
    while True:
        arguments = typing.get_args(hint)
        if typing.get_origin(hint) is typing.Annotated:
            ui = next((extra for extra in hint.__metadata__ if isinstance(extra, Ui)), ui)
            hint = arguments[0]
        elif isinstance(hint, typing.NewType):
            hint = hint.__supertype__
        elif type(hint).__name__ == "TypeAliasType":
            hint = hint.__value__
        elif typing.get_origin(hint) in (typing.Union, types.UnionType) and types.NoneType in arguments:
            rest = tuple(argument for argument in arguments if argument is not types.NoneType)
            hint, nullable = (rest[0] if len(rest) == 1 else typing.Union[rest]), True  # noqa: UP007 - made at run time
        else:
            return hint, ui, nullable


def control_of(bare: Any, field_path: str) -> dict[str, Any]:  # noqa: ANN401 - a type
    """Choose the form control of a type."""
    if typing.get_origin(bare) is typing.Literal or isinstance(bare, enum.EnumType):
        return {"kind": "select", "options": _choices(bare, field_path)}
    if (inner := item_type(bare)) is not None:
        item = control_of(unwrap(inner)[0], field_path)
        if item["kind"] == "select":
            return item | {"kind": "multi"}
        if item["kind"] in ("string", "number"):
            return item | {"kind": "tags", "numeric": item["kind"] == "number"}
    if bare is Secret:
        return {"kind": "secret"}
    if bare in (str, bool, float):
        return {"kind": {str: "string", bool: "boolean", float: "number"}[bare]}
    if bare is int:
        return {"kind": "number", "integer": True}
    name = bare.__name__ if isinstance(bare, type) and not typing.get_args(bare) else str(bare)
    raise SchemaError(f"{field_path}: {name} has no form control; use {_SUPPORTED}")


def item_type(bare: Any) -> Any:  # noqa: ANN401 - a type
    """Return X of `list[X]` and `tuple[X, ...]`, else None."""
    match typing.get_origin(bare), typing.get_args(bare):
        case (builtins.list, (item,)) | (builtins.tuple, (item, builtins.Ellipsis)):
            return item
    return None


def _choices(bare: Any, field_path: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a type
    """List the values of a Literal or an Enum, in the order they are written."""
    pairs = [(value, str(value)) for value in typing.get_args(bare)]
    if isinstance(bare, enum.EnumType):
        pairs = [(bare[name].value, title(name.lower())) for name in bare.__members__]
    if not pairs or any(type(value) not in (str, int) for value, _ in pairs):
        raise SchemaError(f"{field_path}: the choices must be texts or whole numbers")
    return [{"value": value, "label": label} for value, label in pairs]


def title(name: str) -> str:
    """Turn a field's name into a label: `max_points` into `Max points`, `api_url` into `API URL`."""
    first, *rest = (word.upper() if word.lower() in _UPPER else word for word in name.strip("_").split("_"))
    return " ".join([first[:1].upper() + first[1:], *rest])


def fits(value: Any, field: dict[str, Any], *, nullable: bool) -> bool:  # noqa: ANN401 - the author's value
    """Tell whether the control of a field can show a value."""
    if value is None:
        return nullable
    if field["kind"] in ("multi", "tags"):
        single = field | {"kind": "select" if "options" in field else "number" if field["numeric"] else "string"}
        return isinstance(value, list) and all(fits(each, single, nullable=False) for each in value)
    if field["kind"] == "select":
        return not isinstance(value, bool) and value in [option["value"] for option in field["options"]]
    if field["kind"] == "number":
        is_number = type(value) is int or (type(value) is float and math.isfinite(value) and not field.get("integer"))
        return is_number and field.get("min", -math.inf) <= value <= field.get("max", math.inf)
    return isinstance(value, bool if field["kind"] == "boolean" else str)


def describe_values(field: dict[str, Any]) -> str:
    """Describe the values that a field accepts."""
    if "options" in field:
        choices = ", ".join(repr(option["value"]) for option in field["options"])
        return f"one of {choices}" if field["kind"] == "select" else f"a list of {choices}"
    if field["kind"] == "number":
        limits = [f"{word} {field[key]:g}" for key, word in (("min", "at least"), ("max", "at most")) if key in field]
        return " ".join(["a whole number" if field.get("integer") else "a number", *limits])
    return {"boolean": "True or False", "tags": "a list of its items"}.get(field["kind"], "a text")
