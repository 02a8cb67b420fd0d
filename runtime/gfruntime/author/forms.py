"""The form fields of one dataclass: names, labels, defaults, limits, sections and rows.

Raises an error that names class and field for anything that cannot be shown. Uses the standard library only, because it
runs when the plugin is built. gfplug's `frontend/editors/types.ts` defines the shape of a field.
"""

from __future__ import annotations

import dataclasses
import enum
import typing
from typing import TYPE_CHECKING, Any

from gfruntime.author import httpform, query_fields, references, reserved, rules
from gfruntime.author.bounds import bounds_of
from gfruntime.author.controls import SchemaError, control_of, describe_values, fits, item_type, title, unwrap

if TYPE_CHECKING:
    from gfruntime.author.ui import Ui

_WIDGETS = {"string": ("textarea", "code"), "secret": ("textarea",), "select": ("radio",)}
_KINDS = {("string", "textarea"): "text", ("string", "code"): "code", ("secret", "textarea"): "secretText"}


def form(model: Any, *, config: bool = False) -> list[dict[str, Any]]:  # noqa: ANN401 - a type
    """Describe the fields of one dataclass, in the order they are written; a plain dict has no form.

    Raises: SchemaError if a field has no default, no form control, or a presentation that does not fit its type.
    """
    if model is dict or typing.get_origin(model) is dict:
        return []
    if not (isinstance(model, type) and dataclasses.is_dataclass(model)):
        raise SchemaError(f"{getattr(model, '__name__', model)} must be a dataclass: put @dataclass(frozen=True) on it")
    fields = _fields((model,), model.__name__, config=config)
    if len(urls := [field["name"] for field in fields if field.get("store") == "url"]) > 1:
        raise SchemaError(
            f'{model.__name__}: {" and ".join(urls)} have store="url"; a data source has one URL: keep it on one field'
        )
    references.check_names(fields, model.__name__)
    query_fields.check(fields, model.__name__, config=config)
    bounds_of(model)
    return fields


def annotation_error_text(owner: type, error: Exception) -> str:
    """Describe an annotation of a class that cannot be evaluated."""
    hint = "; import it outside `if TYPE_CHECKING`" if isinstance(error, NameError) else ""
    return f"{owner.__name__}: {error}{hint}"


def _fields(owners: tuple[type, ...], path: str, *, config: bool) -> list[dict[str, Any]]:
    """Describe the fields of the last of the owners, each a dataclass inside the one before it."""
    model = owners[-1]
    try:
        hints = typing.get_type_hints(model, include_extras=True)
    except (NameError, TypeError) as error:
        raise SchemaError(annotation_error_text(model, error)) from None
    fields: list[dict[str, Any]] = []
    for item in dataclasses.fields(model):
        field_path, hint = f"{path}.{item.name}", hints[item.name]
        bare, ui, _ = unwrap(hint)
        inner = unwrap(item_type(bare))[0]
        if not item.init:
            continue
        if (group := httpform.group(bare)) is not None:
            marked = [field | {"group": bare.__name__} for field in group]
            fields += _group_fields(marked, owners, field_path, fields, config=config)
        elif _is_form(bare):
            fields += _nested(owners, item, bare, ui, field_path, config=config)
        elif _is_form(inner):
            fields.append(_rows(owners, item, inner, ui, field_path, config=config))
        else:
            fields.append(_field(item, hint, field_path, config=config))
    return reserved.without_duplicates(fields, path)


def _is_form(bare: Any) -> bool:  # noqa: ANN401 - a type
    return isinstance(bare, type) and dataclasses.is_dataclass(bare)


def _group_fields(
    group: list[dict[str, Any]],
    owners: tuple[type, ...],
    field_path: str,
    before: list[dict[str, Any]],
    *,
    config: bool,
) -> list[dict[str, Any]]:
    """Return the fields of a group such as HttpOptions, without the URL if the author declares a URL."""
    if not config or len(owners) > 1:
        raise SchemaError(
            f"{field_path}: {group[0]['group']} works only as a field of the options class: move it there"
        )
    has_url = any(field.get("store") == "url" for field in before)
    return [field for field in group if not (has_url and field["store"] == "url")]


def _enter_dataclass(owners: tuple[type, ...], bare: type, field_path: str) -> tuple[type, ...]:
    """Enter a nested dataclass, if a form can show it."""
    if bare in owners:
        raise SchemaError(f"{field_path} refers back to {bare.__name__}: a form cannot contain itself")
    if len(owners) > 1:
        raise SchemaError(
            f"{field_path} is a dataclass inside a dataclass inside a dataclass: "
            f"move its fields into {owners[-1].__name__}"
        )
    return (*owners, bare)


def _nested(
    owners: tuple[type, ...], item: dataclasses.Field[Any], bare: type, ui: Ui, field_path: str, *, config: bool
) -> list[dict[str, Any]]:
    """Describe a nested dataclass as a section; each field's name begins with the outer field's name and a dot."""
    inside = _enter_dataclass(owners, bare, field_path)
    reserved.check_name(item.name, field_path, is_query=_is_query(field_path, config=config))
    fields = _fields(inside, field_path, config=False)
    if _default(item, field_path) != bare():
        raise SchemaError(
            f"{field_path}: its default must be {bare.__name__}(), because a query may have only some of its fields"
        )
    shared = {"section": ui.section or ui.label or title(item.name)} | query_fields.describe(ui, field_path)
    stored = {"store": "jsonData"} if config else {}
    outer = rules.show_if_json(ui, field_path)
    conditions = [outer | field.get("showIf", {}) for field in fields]
    inner_fields = [
        shared | field | ({"showIf": condition} if condition else {})
        for field, condition in zip(fields, conditions, strict=True)
    ]
    return [field | stored | {"name": f"{item.name}.{field['name']}"} for field in inner_fields]


def _rows(
    owners: tuple[type, ...], item: dataclasses.Field[Any], inner: type, ui: Ui, field_path: str, *, config: bool
) -> dict[str, Any]:
    """Describe a list of dataclasses: rows that can be added and removed, each with the dataclass's fields."""
    inside = _enter_dataclass(owners, inner, field_path)
    reserved.check_name(item.name, field_path, is_query=_is_query(field_path, config=config))
    fields = _fields(inside, field_path, config=False)
    if strange := next((field for field in fields if field["kind"] in ("list", "code", "text")), None):
        raise SchemaError(
            f"{field_path}: a row can't show {inner.__name__}.{strange['name']}, because its control has "
            f"more than one line; use a type and a widget of one line"
        )
    default = _default(item, field_path)
    if not isinstance(default, list) or not all(isinstance(each, inner) for each in default):
        raise SchemaError(f"{field_path}: its default {default!r} is not a list of {inner.__name__}")
    rows = [{field["name"]: _plain(getattr(each, field["name"])) for field in fields} for each in default]
    for row, field in ((row, field) for row in rows for field in fields):
        if not fits(row[field["name"]], field, nullable=bool(field.get("nullable"))):
            raise SchemaError(
                f"{field_path}: its default has the {field['name']} {row[field['name']]!r}, "
                f"not {describe_values(field)}"
            )
    described = {"name": item.name, "label": ui.label or title(item.name), "kind": "list", "fields": fields}
    return described | {"default": rows} | _presentation(ui, field_path) | ({"store": "jsonData"} if config else {})


def _field(item: dataclasses.Field[Any], hint: Any, field_path: str, *, config: bool) -> dict[str, Any]:  # noqa: ANN401 - a type
    """Describe one field: name, label, control, default, limits."""
    bare, ui, nullable = unwrap(hint)
    control = control_of(bare, field_path)
    if item_type(bare) is not None:
        ui = rules.join_bounds(ui, unwrap(item_type(bare))[1])
    _check(field_path, item.name, control, ui, config=config)
    if nullable and (control["kind"] == "secret" or ui.store == "url"):
        raise SchemaError(f"{field_path}: Grafana stores it as a text, which can be empty, but not None")
    described: dict[str, Any] = {
        "name": item.name,
        "label": ui.label or title(item.name),
        **control,
        **_presentation(ui, field_path),
    }
    described["kind"] = "hidden" if ui.widget == "hidden" else _KINDS.get((control["kind"], ui.widget), control["kind"])
    described |= {key: True for key, claim in (("radio", ui.widget == "radio"), ("nullable", nullable)) if claim}
    described |= {key: value for key, value in (("min", ui.minimum), ("max", ui.maximum)) if value is not None}
    default = _plain(_default(item, field_path))
    if control["kind"] == "secret" and default:
        raise SchemaError(f"{field_path}: a secret must not have a default, because everybody can read module.js")
    if not fits(default, described | control, nullable=nullable):
        raise SchemaError(f"{field_path}: its default {default!r} is not {describe_values(described | control)}")
    if control["kind"] != "secret" and default is not None:
        described["default"] = default
    if ui.options_from:
        kind = "multi" if control["kind"] == "tags" else "code" if ui.widget == "code" else "select"
        described |= {"kind": kind, "from": ui.options_from, "options": []}
    if config:
        described["store"] = "secureJsonData" if control["kind"] == "secret" else ui.store
        reserved.check_option(described, field_path)
    return described


def _presentation(ui: Ui, field_path: str) -> dict[str, Any]:
    """Collect the attributes that only change how a field looks."""
    keys = ("help", "placeholder", "section", "language", "variables", "rows", "required", "pattern")
    attributes = {key: value for key in keys if (value := getattr(ui, key))}
    shown_if = rules.show_if_json(ui, field_path)
    return attributes | query_fields.describe(ui, field_path) | ({"showIf": shown_if} if shown_if else {})


def _check(field_path: str, name: str, control: dict[str, Any], ui: Ui, *, config: bool) -> None:
    """Refuse a presentation that does not fit the field."""
    kind, is_numeric = control["kind"], control["kind"] == "number" or control.get("numeric", False)
    rules.check_ui(ui, field_path)
    if kind == "secret" and (not config or ui.widget == "hidden"):
        raise SchemaError(f"{field_path}: a secret belongs in the options, because only the config page can store it")
    if ui.widget not in ("", "hidden", *_WIDGETS.get(kind, ())):
        raise SchemaError(f"{field_path}: the widget {ui.widget!r} does not fit its type")
    if ui.store == "url" and not (config and kind == "string"):
        raise SchemaError(f'{field_path}: store="url" works only on one str of the options')
    if not is_numeric and (ui.minimum, ui.maximum) != (None, None):
        raise SchemaError(f"{field_path}: minimum and maximum work only on numbers")
    if ui.pattern and (is_numeric or kind not in ("string", "secret", "tags")):
        raise SchemaError(f"{field_path}: a pattern works only on texts")
    if ui.variables and (config or ui.widget != "code" or ui.variables != "values"):
        raise SchemaError(
            f'{field_path}: variables="values" works only on a query field with widget="code"; remove it here'
        )
    if ui.options_from and (config or kind not in ("string", "tags")):
        raise SchemaError(f"{field_path}: options_from works only on a str or a list[str] of a query")
    reserved.check_name(name, field_path, is_query=_is_query(field_path, config=config))


def _is_query(field_path: str, *, config: bool) -> bool:
    """Tell whether a field belongs to the query itself, and not to a nested dataclass."""
    return not config and field_path.count(".") == 1


def _default(item: dataclasses.Field[Any], field_path: str) -> Any:  # noqa: ANN401 - the author's value
    """Return a field's default."""
    value = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
    if value is dataclasses.MISSING:
        raise SchemaError(f"{field_path} has no default: alert rules and provisioned files may leave the field out")
    return list(value) if isinstance(value, tuple) else value


def _plain(value: Any) -> Any:  # noqa: ANN401 - the author's value
    """Return a default in its JSON form."""
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.value if isinstance(value, enum.Enum) else value
