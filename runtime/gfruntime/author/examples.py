"""Example queries, which the author's class lists as `examples`: the help of the query editor shows them.

Raises an error that names the example if the editor cannot show it or Python would not accept it. Uses the standard
library only, because it runs when the plugin is built.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfruntime.author.bounds import bounds_of
from gfruntime.author.controls import SchemaError, describe_values, fits

if TYPE_CHECKING:
    from gfruntime.author.author_class import Author


@dataclass(frozen=True, slots=True)
class Example:
    """An example query: the help of the query editor shows it, and a click makes it the query.

    A data source's class lists them in its attribute `examples`.

    >>> @dataclass(frozen=True)
    ... class Model: table: str = "sales"
    >>> Example("Orders", Model(table="orders"), "One row for each order.").model.table
    'orders'
    """

    name: str
    """The text of the button; unique among the examples."""

    model: Any
    """The query, as an instance of the class that `query` takes."""

    description: str = ""
    """A sentence below the button."""


def describe(author: Author, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Describe the examples of a class, whose query has these fields.

    Shape: `{name, model}`, and `description` if there is one; a model is JSON with a value for each field.
    Raises: SchemaError naming the example.
    """
    field_path = f"{getattr(author.make, '__name__', 'Datasource')}.examples"
    examples = getattr(author.make, "examples", ())
    if not isinstance(examples, (list, tuple)) or not all(isinstance(each, Example) for each in examples):
        raise SchemaError(f"{field_path} is {examples!r:.80}, expected a list of Example(name, model)")
    described: dict[str, dict[str, Any]] = {}
    for each in examples:
        _check(each, author, fields, field_path)
        if each.name in described:
            raise SchemaError(f"{field_path}: two examples have the name {each.name!r}")
        description = {"description": each.description} if each.description else {}
        described[each.name] = {"name": each.name, "model": _plain(each.model), **description}
    return list(described.values())


def _check(example: Example, author: Author, fields: list[dict[str, Any]], field_path: str) -> None:
    if not isinstance(example.name, str) or not example.name:
        raise SchemaError(f"{field_path}: a name must be a non-empty text, got {example.name!r}")
    place = f"{field_path}: {example.name!r}"
    if not dataclasses.is_dataclass(author.model) or type(example.model) is not author.model:
        model_name = getattr(author.model, "__name__", author.model)
        raise SchemaError(f"{place} has a {type(example.model).__name__} as its model, not a {model_name}")
    _check_fields(_plain(example.model), fields, place)
    bounds = bounds_of(author.model)
    violation = next(bounds.find(example.model), None) if bounds is not None else None
    if violation is not None:
        raise SchemaError(f"{place}: {violation}")


def _check_fields(values: dict[str, Any], fields: list[dict[str, Any]], place: str) -> None:
    for field in (field for field in fields if field["kind"] != "hidden"):
        value: Any = values
        for key in field["name"].split("."):
            value = value[key] if isinstance(value, dict) and key in value else None
        if field["kind"] == "list":
            rows = value if isinstance(value, list) and all(isinstance(row, dict) for row in value) else None
            if rows is None:
                raise SchemaError(f"{place} has the {field['name']} {value!r}, not a list of rows")
            for row in rows:
                _check_fields(row, field["fields"], f"{place}: a row of {field['name']}")
        elif not fits(value, compared := _type_of_field(field), nullable=bool(field.get("nullable"))):
            raise SchemaError(f"{place} has the {field['name']} {value!r}, not {describe_values(compared)}")


def _type_of_field(field: dict[str, Any]) -> dict[str, Any]:
    """Return a field by its type alone: a field whose choices a resource lists accepts any text."""
    if "from" not in field:
        return field
    own = {key: value for key, value in field.items() if key != "options"}
    return own | {"kind": "tags" if field["kind"] == "multi" else "string", "numeric": False}


def _plain(value: Any) -> Any:  # noqa: ANN401 - the author's value
    """Return a value in its JSON form."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value) if each.init}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, enum.Enum) else value
