"""References between the fields of a form: `show_if` names fields and values, `options_from` a resource of the class.

Raises an error that names class and field for a reference to an unknown field, an impossible value, or a resource that
the class does not answer. Uses the standard library only, because it runs when the plugin is built.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gfruntime.author import routes
from gfruntime.author.controls import SchemaError, describe_values, fits
from gfruntime.request.services import Request

if TYPE_CHECKING:
    from collections.abc import Collection

    from gfruntime.author.author_class import Author

_NAME = re.compile(r"\{([\w.]*)\}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_KINDS_WITHOUT_COMPARISON = {"list", "tags", "multi", "headers", "secret", "secretText"}


def check_names(fields: list[dict[str, Any]], path: str, *, outer: Collection[str] = ()) -> None:
    """Check the references between the fields of a form; the fields of a row may also refer to the fields of the form.

    Raises: SchemaError naming the field.
    """
    by_name = {field["name"]: field for field in fields}
    for field in fields:
        field_path = f"{path}.{field['name']}"
        for name, values in field.get("showIf", {}).items():
            if name not in by_name or name == field["name"]:
                what = "the field itself" if name in by_name else f"not a field of {path}"
                raise SchemaError(f"{field_path}: show_if names {name!r}, which is {what}")
            _check_values(field_path, name, values, by_name[name])
        for name in _NAME.findall(field.get("from", "")):
            if name not in by_name and name not in outer:
                raise SchemaError(f"{field_path}: options_from names {name!r}, which is not a field of {path}")
        if "from" in field:
            _check_path(field_path, field["from"])
        if field["kind"] == "list":
            check_names(field["fields"], field_path, outer=by_name)


def check_resources(author: Author, fields: list[dict[str, Any]], path: str) -> None:
    """Check that the class answers the resources that list choices; `call_resource` may answer any resource.

    Raises: SchemaError naming the field.
    """
    if "call_resource" in author.methods:
        return
    for field in fields:
        if "from" in field:
            resource = field["from"].partition("?")[0].lstrip("/")
            if not isinstance(routes.match(author.routes, Request(path=_NAME.sub("x", resource))), routes.Match):
                field_path = f"{path}.{field['name']}"
                hint = f'put @route("GET", "/{resource}") on a method'
                raise SchemaError(
                    f"{field_path}: options_from names the resource {resource!r}, which the class does not have: {hint}"
                )
        check_resources(author, field.get("fields", []), f"{path}.{field['name']}")


def _check_values(field_path: str, name: str, values: list[Any], other: dict[str, Any]) -> None:
    """Refuse a value that the other field can't have."""
    if other["kind"] in _KINDS_WITHOUT_COMPARISON:
        raise SchemaError(f"{field_path}: show_if can't depend on {name!r}, because it is a list or a secret")
    compared = {key: value for key, value in other.items() if key != "options" or value} | {"kind": _kind_of(other)}
    for value in values:
        if not fits(value, compared, nullable=bool(other.get("nullable"))):
            raise SchemaError(
                f"{field_path}: show_if compares {name} with {value!r}, which is not {describe_values(compared)}"
            )


def _kind_of(field: dict[str, Any]) -> str:
    """Return the kind of a field's value, also for hidden fields and for choices that come from a resource."""
    if field["kind"] == "select" and "from" in field:
        return "string"
    if field["kind"] != "hidden":
        return str(field["kind"])
    if field.get("options"):
        return "select"
    default = field.get("default")
    if isinstance(default, bool):
        return "boolean"
    return "number" if isinstance(default, (int, float)) or "integer" in field else "string"


def _check_path(field_path: str, template: str) -> None:
    """Raise SchemaError if the text is not a path of one of this plugin's resources."""
    path = _NAME.sub("x", template)
    parts = re.split(r"[/\\]", unquote(unquote(path.partition("?")[0])))
    if _SCHEME.match(path) or path.startswith("//"):
        problem = "is a complete URL"
    elif {".", ".."} & set(parts):
        problem = "leaves the plugin's resources"
    elif not path.strip("/") or re.search(r"[\s\\#{}\x00-\x1f\x7f]", path):
        problem = "is not the path of a resource"
    else:
        return
    raise SchemaError(
        f'{field_path}: options_from {template!r} {problem}; it names a resource of the plugin, as "tables" does'
    )
