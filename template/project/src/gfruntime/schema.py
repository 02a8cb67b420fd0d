"""The author's dataclasses as the one JSON object that Grafana's config page and query editor are drawn from.

Owns: finding the options and the query model in a data source's annotations, and describing their fields. Runs inside
the project's environment, when the plugin is built (`python -m gfruntime.schema plugin.datasource:Datasource`), and
imports the standard library only. Refuses, in one sentence that names class and field, whatever has no form control.

Shape: `{version, pluginId, hash, queryPath, config: {fields}, query: {fields}, capabilities}`; `frontend/stub/types.ts`
holds the contract. `hash` covers what the dataclasses say, so the running plugin can be compared with its editors.
"""

from __future__ import annotations

import argparse
import builtins
import contextlib
import dataclasses
import enum
import hashlib
import importlib
import json
import math
import os
import sys
import traceback
import types
import typing
from typing import TYPE_CHECKING, Any

from gfruntime.author import Author
from gfruntime.ui import Secret, Ui

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUPPORTED = "str, int, float, bool, Literal, Enum, list[...] of these, Secret, or one of them with `| None`"
_WIDGETS = {"string": ("textarea", "code"), "secret": ("textarea",), "select": ("radio",)}
_NAMED = {("string", "textarea"): "text", ("string", "code"): "code", ("secret", "textarea"): "secretText"}
_HOST_FIELDS = {"refId", "hide", "key", "datasource", "datasourceId", "intervalMs", "maxDataPoints"}
_INHERITED = {"constructor", "hasOwnProperty", "isPrototypeOf", "prototype", "toString", "valueOf"}
_UPPER = {"api", "dns", "http", "id", "ip", "sql", "tls", "ui", "uri", "url"}


class SchemaError(Exception):
    """The dataclasses cannot become a form; the message names class and field."""


def load(target: str) -> type:
    """Import the class that `module:Class` names.

    Raises: SchemaError, caused by whatever the module raised, if it cannot be imported or holds no such class.
    """
    module, _, name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # whatever the author's module does, the build explains it
        raise SchemaError(f"{target} cannot be loaded: {type(error).__name__}: {error}") from error
    if not isinstance(found, type):
        raise SchemaError(f"{target} is not a class")
    return found


def describe(datasource: type, *, plugin_id: str = "") -> dict[str, Any]:
    """Describe a data source's config page and query editor.

    Raises: SchemaError if a field has no default, no form control, or a presentation that does not fit its type.
    """
    author = _inspected(datasource)
    said: dict[str, Any] = {
        "version": 1,
        "config": {"fields": _form(author.options, config=True)},
        "query": {"fields": _form(author.model, config=False)},
        "capabilities": {"annotations": True, "variables": True},
    }
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    return said | {"pluginId": plugin_id, "hash": digest, "queryPath": "backend"}


def _inspected(datasource: type) -> Author:
    try:
        return Author.of(datasource)
    except (NameError, TypeError) as error:
        raise SchemaError(_unresolved(datasource, error)) from None


def _unresolved(owner: type, error: Exception) -> str:
    hint = "; import it outside `if TYPE_CHECKING`" if isinstance(error, NameError) else ""
    return f"{owner.__name__}: {error}{hint}"


def _form(model: Any, *, config: bool) -> list[dict[str, Any]]:  # noqa: ANN401 - a type
    """Describe the fields of one dataclass, in the order they are written; a plain dict has no form."""
    if model is dict or typing.get_origin(model) is dict:
        return []
    if not (isinstance(model, type) and dataclasses.is_dataclass(model)):
        raise SchemaError(f"{getattr(model, '__name__', model)} must be a dataclass: put @dataclass(frozen=True) on it")
    try:
        hints = typing.get_type_hints(model, include_extras=True)
    except (NameError, TypeError) as error:
        raise SchemaError(_unresolved(model, error)) from None
    fields = [_field(model, item, hints[item.name], config=config) for item in dataclasses.fields(model) if item.init]
    if len(urls := [field["name"] for field in fields if field.get("store") == "url"]) > 1:
        raise SchemaError(f'{model.__name__}: {" and ".join(urls)} both say store="url"; a data source has one URL')
    return fields


def _field(model: type, item: dataclasses.Field[Any], hint: Any, *, config: bool) -> dict[str, Any]:  # noqa: ANN401 - a type
    """Describe one field: name, label, control, default, limits."""
    where = f"{model.__name__}.{item.name}"
    bare, ui, nullable = _unwrap(hint)
    control = _control(bare, where, model)
    _check(where, item.name, control["kind"], ui, config=config)
    if nullable and (control["kind"] == "secret" or ui.store == "url"):
        raise SchemaError(f"{where}: Grafana keeps it as a text, which may be empty but never None")
    said: dict[str, Any] = {"name": item.name, "label": ui.label or _title(item.name), **control}
    if ui.widget == "hidden":
        said["kind"] = "hidden"
    elif ui.widget == "radio":
        said["radio"] = True
    else:
        said["kind"] = _NAMED.get((control["kind"], ui.widget), control["kind"])
    said |= {
        key: value for key in ("help", "placeholder", "section", "language", "rows") if (value := getattr(ui, key))
    }
    said |= {key: True for key, claim in (("required", ui.required), ("nullable", nullable)) if claim}
    said |= {key: value for key, value in (("min", ui.minimum), ("max", ui.maximum)) if value is not None}
    default = _default(item, where)
    if control["kind"] == "secret" and default:
        raise SchemaError(f"{where}: a secret must not have a default, which everybody could read in module.js")
    if not _fits(default, said | control, nullable=nullable):
        raise SchemaError(f"{where}: its default {default!r} is not {_expected(said | control)}")
    if control["kind"] != "secret" and default is not None:
        said["default"] = default
    if config:
        said["store"] = "secureJsonData" if control["kind"] == "secret" else ui.store
    return said


def _unwrap(hint: Any) -> tuple[Any, Ui, bool]:  # noqa: ANN401 - a type
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


def _control(bare: Any, where: str, model: type) -> dict[str, Any]:  # noqa: ANN401 - a type
    """Choose the form control of a type."""
    if typing.get_origin(bare) is typing.Literal or isinstance(bare, enum.EnumType):
        return {"kind": "select", "options": _choices(bare, where)}
    if (inner := _item_type(bare)) is not None:
        item = _control(_unwrap(inner)[0], where, model)
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
    if bare is model:
        raise SchemaError(f"{where} refers back to {model.__name__}: a form cannot contain itself")
    if dataclasses.is_dataclass(bare):
        raise SchemaError(f"{where} is a dataclass of its own: move its fields into {model.__name__}")
    name = bare.__name__ if isinstance(bare, type) and not typing.get_args(bare) else str(bare)
    raise SchemaError(f"{where}: {name} has no form control; use {_SUPPORTED}")


def _item_type(bare: Any) -> Any:  # noqa: ANN401 - a type
    """Return X of `list[X]` and `tuple[X, ...]`, else None."""
    match typing.get_origin(bare), typing.get_args(bare):
        case (builtins.list, (item,)) | (builtins.tuple, (item, builtins.Ellipsis)):
            return item
    return None


def _choices(bare: Any, where: str) -> list[dict[str, Any]]:  # noqa: ANN401 - a type
    """List the values of a Literal or an Enum, in the order they are written."""
    pairs = [(value, str(value)) for value in typing.get_args(bare)]
    if isinstance(bare, enum.EnumType):
        pairs = [(bare[name].value, _title(name.lower())) for name in bare.__members__]
    if not pairs or any(type(value) not in (str, int) for value, _ in pairs):
        raise SchemaError(f"{where}: the choices must be texts or whole numbers")
    return [{"value": value, "label": label} for value, label in pairs]


def _check(where: str, name: str, kind: str, ui: Ui, *, config: bool) -> None:
    """Refuse a presentation that does not fit the field."""
    if kind == "secret" and (not config or ui.widget == "hidden"):
        raise SchemaError(f"{where}: a secret belongs in the options, where the config page can ask for it")
    if ui.widget not in ("", "hidden", *_WIDGETS.get(kind, ())):
        raise SchemaError(f"{where}: the widget {ui.widget!r} does not fit its type")
    if ui.store == "url" and not (config and kind == "string"):
        raise SchemaError(f'{where}: store="url" is for one str of the options')
    if kind != "number" and (ui.minimum, ui.maximum) != (None, None):
        raise SchemaError(f"{where}: minimum and maximum are for numbers")
    if not config and name in _HOST_FIELDS:
        raise SchemaError(f"{where}: Grafana sets {name} on every query; choose another name")
    if name in _INHERITED or name.startswith("__"):
        raise SchemaError(f"{where}: {name} has a meaning in JavaScript; choose another name")


def _default(item: dataclasses.Field[Any], where: str) -> Any:  # noqa: ANN401 - the author's value
    """Return a field's default as JSON has it."""
    value = item.default if item.default_factory is dataclasses.MISSING else item.default_factory()
    if value is dataclasses.MISSING:
        raise SchemaError(f"{where} has no default: alert rules and provisioned files may leave the field out")
    if isinstance(value, list | tuple):
        return [each.value if isinstance(each, enum.Enum) else each for each in value]
    return value.value if isinstance(value, enum.Enum) else value


def _fits(value: Any, field: dict[str, Any], *, nullable: bool) -> bool:  # noqa: ANN401 - the author's value
    """Tell whether a default is a value that its own control can show."""
    if value is None:
        return nullable
    if field["kind"] in ("multi", "tags"):
        single = field | {"kind": "select" if "options" in field else "number" if field["numeric"] else "string"}
        return isinstance(value, list) and all(_fits(each, single, nullable=False) for each in value)
    if field["kind"] == "select":
        return value in [option["value"] for option in field["options"]]
    if field["kind"] == "number":
        is_number = type(value) is int or (type(value) is float and math.isfinite(value) and not field.get("integer"))
        return is_number and field.get("min", -math.inf) <= value <= field.get("max", math.inf)
    return isinstance(value, bool if field["kind"] == "boolean" else str)


def _expected(field: dict[str, Any]) -> str:
    """Say what a default of this field has to be."""
    if "options" in field:
        choices = ", ".join(repr(option["value"]) for option in field["options"])
        return f"one of {choices}" if field["kind"] == "select" else f"a list of {choices}"
    if field["kind"] == "number":
        limits = [f"{word} {field[key]:g}" for key, word in (("min", "at least"), ("max", "at most")) if key in field]
        return " ".join(["a whole number" if field.get("integer") else "a number", *limits])
    return {"boolean": "True or False", "tags": "a list of its items"}.get(field["kind"], "a text")


def _title(name: str) -> str:
    """Turn a field's name into a label: `max_points` into `Max points`, `api_url` into `API URL`."""
    first, *rest = (word.upper() if word.lower() in _UPPER else word for word in name.strip("_").split("_"))
    return " ".join([first[:1].upper() + first[1:], *rest])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a data source's schema as one line of JSON, the last line on standard output.

    A failure ends standard error with its one sentence, after the traceback of the author's module if that raised.
    """
    parser = argparse.ArgumentParser(prog="python -m gfruntime.schema", description="Print a data source's UI schema.")
    parser.add_argument("datasource", metavar="MODULE:CLASS")
    parser.add_argument("--plugin-id", default="")
    options = parser.parse_args(arguments)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a print() in the author's module is not the answer
            said = describe(load(options.datasource), plugin_id=options.plugin_id)
    except SchemaError as error:
        if error.__cause__ is not None:
            traceback.print_exception(error.__cause__)
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(said, sort_keys=True, allow_nan=False) + "\n")
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # a thread that the author's module started must not keep the build waiting
