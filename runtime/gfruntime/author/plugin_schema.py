"""The JSON Schemas of a data source's settings, queries and resources, which Grafana reads without starting the plugin.

Grafana 13 reads them from `schema/v0alpha1.json` beside plugin.json. The fields come from the editors' forms, the
examples from the fields' defaults, the descriptions from docstrings. Uses the standard library only, because it runs
when the plugin is built.
Source: grafana-plugin-sdk-go v0.298.0, experimental/pluginschema and experimental/apis/datasource/v0alpha1.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gfruntime.author.author_class import Author
    from gfruntime.author.routes import Route

    Fields = list[dict[str, Any]]
    """The fields of a form, as `forms.form` describes them."""

    Json = dict[str, Any]

VERSION = "v0alpha1"
_DIALECT = "https://json-schema.org/draft-04/schema"
_SECRETS = ("secret", "secretText")
_TOP_LEVEL_STORES = ("url", "root")  # the stores of options outside jsonData, except secrets


def describe(author: Author, forms: Mapping[str, Any]) -> Json:
    """Return the document; `forms` is what `schema.describe` returns.

    Shape: `{targetApiVersion, settings, settingsExamples, routes, queryTypes, queryExamples}`.
    """
    config, own = forms["config"]["fields"], list(author.own_models)
    secrets = list(_secure_values(config))
    models = {"": (author.model, forms["query"]["fields"])}
    models |= {kind: (model, forms["own"][kind]["fields"]) for kind, model in author.own_models.items()}
    return {
        "targetApiVersion": VERSION,
        "settings": {"spec": _settings(author, config), **({"secureValues": secrets} if secrets else {})},
        "settingsExamples": {"examples": {"defaults": {"summary": "The defaults", "value": _default_settings(config)}}},
        **({"routes": {"paths": _paths(author)}} if author.routes else {}),
        "queryTypes": {
            "kind": "QueryTypeDefinitionList",
            "apiVersion": f"datasource.grafana.app/{VERSION}",
            "metadata": {},
            "items": [_query_type(kind, model, fields, own) for kind, (model, fields) in models.items()],
        },
        "queryExamples": {
            "examples": [
                {"name": f"The defaults of {_name(kind)}", "queryType": kind, "saveModel": _tree(_defaults(fields))}
                for kind, (_, fields) in models.items()
            ]
            + [_example(each) for each in forms.get("examples", [])]
        },
    }


def _example(example: Mapping[str, Any]) -> Json:
    about = {key: example[key] for key in ("name", "description") if key in example}
    return {**about, "queryType": "", "saveModel": example["model"]}


def _settings(author: Author, config: Fields) -> Json:
    """Describe a data source's settings except secrets: `jsonData`, the URL, basic authentication and its user."""
    spec = _object(field | {"name": _name_at_top(field)} for field in config if field["store"] in _TOP_LEVEL_STORES)
    spec.setdefault("properties", {})["jsonData"] = _object(_stored_fields(config)) | _headers(config)
    return spec | _docstring(author.options)


def _name_at_top(field: Mapping[str, Any]) -> str:
    return "url" if field["store"] == "url" else str(field["name"])


def _stored_fields(config: Fields) -> Fields:
    return [field for field in config if field["store"] == "jsonData" and field["kind"] != "headers"]


def _headers(config: Fields) -> Json:
    """Describe the names of custom HTTP headers, which are numbered; their values are encrypted."""
    has_headers = any(field["kind"] == "headers" for field in config)
    return {"patternProperties": {"^httpHeaderName[0-9]+$": {"type": "string"}}} if has_headers else {}


def _secure_values(config: Fields) -> Iterator[Json]:
    for field in config:
        if field["kind"] in _SECRETS:
            about = field.get("help") or field["label"]
            yield {"key": field["name"], "description": about, **({"required": True} if _is_required(field) else {})}


def _query_type(kind: str, model: Any, fields: Fields, own: list[str]) -> Json:  # noqa: ANN401 - a type
    """Describe the queries of one type; the schema of queries without a type excludes the other types."""
    schema = {"$schema": _DIALECT, **_object(fields)}
    if not kind and own:
        schema.setdefault("properties", {})["queryType"] = {"type": "string", "not": {"enum": own}}
    spec: Json = {"schema": schema, **_docstring(model)}
    if kind:
        spec["discriminators"] = [{"field": "queryType", "value": kind}]
    return {"metadata": {"name": _name(kind)}, "spec": spec}


def _name(kind: str) -> str:
    return kind or "query"


def _object(fields: Iterable[Mapping[str, Any]]) -> Json:
    """Describe a JSON object by the fields of a form; a dot in a name stands for a nested object."""
    schema: Json = {"type": "object"}
    for field in fields:
        *outer, name = field["name"].split(".")
        place = schema
        for each in outer:
            place = place.setdefault("properties", {}).setdefault(each, {"type": "object"})
        place.setdefault("properties", {})[name] = _field(field)
        if _is_required(field) and not outer:
            schema.setdefault("required", []).append(name)
    return schema


def _is_required(field: Mapping[str, Any]) -> bool:
    """Tell whether a value must be given: the field is always shown, required, and empty by default."""
    return bool(field.get("required") and not field.get("default") and "showIf" not in field)


def _field(field: Mapping[str, Any]) -> Json:
    schema = {"title": field["label"], **_value_schema(field)}
    if field.get("help"):
        schema["description"] = field["help"]
    if field.get("nullable"):
        schema |= {"type": [schema["type"], "null"]} if "type" in schema else {}
        schema |= {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    if "default" in field:
        schema["default"] = field["default"]
    return schema


def _value_schema(field: Mapping[str, Any]) -> Json:
    """Describe the values of a field."""
    kind = _kind(field)
    if kind == "list":
        return {"type": "array", "items": _object(field["fields"])}
    if kind in ("multi", "tags"):
        item = "select" if field.get("options") else "number" if field.get("numeric") else "string"
        return {"type": "array", "items": _value_schema({**field, "kind": item})}
    if kind == "select" and field.get("options"):
        return _choice(field["options"])
    if kind == "number":
        limits = {key: field[short] for key, short in (("minimum", "min"), ("maximum", "max")) if short in field}
        return {"type": "integer" if field.get("integer") else "number", **limits}
    if kind == "boolean":
        return {"type": "boolean"}
    pattern = field.get("pattern")
    return {"type": "string", **({"pattern": f"^(?:{pattern})?$"} if pattern else {})}


def _kind(field: Mapping[str, Any]) -> str:
    """Return the kind of a field's value; for a hidden field it is inferred from its other keys."""
    kind, default = str(field["kind"]), field.get("default")
    if kind != "hidden":
        return kind
    if "numeric" in field or isinstance(default, list):
        return "multi" if "options" in field else "tags"
    if "options" in field:
        return "select"
    is_number = isinstance(default, int | float) or field.keys() & {"integer", "min", "max"}
    return "boolean" if isinstance(default, bool) else "number" if is_number else "string"


def _choice(options: Iterable[Mapping[str, Any]]) -> Json:
    """Describe a choice of several values, with labels that differ from the values."""
    values = [option["value"] for option in options]
    kinds = {type(value) for value in values}
    kind = {"type": {str: "string", int: "integer"}[kinds.pop()]} if len(kinds) == 1 else {}
    labels = {str(option["value"]): option["label"] for option in options if option["label"] != str(option["value"])}
    return {**kind, "enum": values, **({"x-enum-description": labels} if labels else {})}


def _default_settings(config: Fields) -> Json:
    top = [field | {"name": _name_at_top(field)} for field in config if field["store"] in _TOP_LEVEL_STORES]
    return {**_defaults(top), "jsonData": _tree(_defaults(_stored_fields(config)))}


def _defaults(fields: Fields) -> dict[str, Any]:
    return {field["name"]: field["default"] for field in fields if "default" in field}


def _tree(values: Mapping[str, Any]) -> Json:
    """Turn names with dots into objects inside objects."""
    tree: Json = {}
    for path, value in values.items():
        *outer, name = path.split(".")
        place = tree
        for each in outer:
            place = place.setdefault(each, {})
        place[name] = value
    return tree


def _paths(author: Author) -> Json:
    """Describe the resources as OpenAPI's paths."""
    paths: Json = {}
    for route in author.routes:
        path = f"/resources{route.path.replace('...}', '}')}"
        paths.setdefault(path, {})[route.method.lower()] = _operation(author, route)
    return paths


def _operation(author: Author, route: Route) -> Json:
    text = inspect.getdoc(getattr(author.make, route.name, None)) or ""
    first, _, rest = text.partition("\n")
    about = {"summary": first.strip(), "description": rest.strip()}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in route.pattern.groupindex
    ]
    return {
        "operationId": f"{route.name}-{route.method.lower()}",
        **{key: value for key, value in about.items() if value},
        **({"parameters": parameters} if parameters else {}),
        "responses": {"default": {"description": "What the method returns."}},
    }


def _docstring(kind: Any) -> Json:  # noqa: ANN401 - a type
    """Describe a class by its docstring, unless it is the signature that dataclasses get."""
    text = inspect.cleandoc(getattr(kind, "__doc__", None) or "") if isinstance(kind, type) and kind is not dict else ""
    return {"description": text} if text and not text.startswith(f"{kind.__name__}(") else {}
