"""Reserved names: keys of a query's JSON and of a data source's settings, JavaScript names, and resources.

Raises an error that names class and field for a name that would be overwritten, never read, or stored in the wrong
place. Uses the standard library only, because it runs when the plugin is built.

Source: grafana-plugin-sdk-go v0.298.0, experimental/apis/datasource/v0alpha1/query.go and backend/http_settings.go;
@grafana/runtime 13.2.2, utils/DataSourceWithBackend; @grafana/data 13.2.2, types/datasource.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from gfruntime.author import unread
from gfruntime.author.controls import SchemaError

if TYPE_CHECKING:
    from gfruntime.author.author_class import Author
    from gfruntime.author.routes import Route

SCHEMA = "gfplug/schema"
"""The resource that returns the schema of the author's dataclasses; the runtime answers it."""

MIGRATE = "gfplug/migrate"
"""The resource that migrates a saved query, or options, to today's dataclass; the runtime answers it."""

TAG_KEYS, TAG_VALUES = "gfplug/tag-keys", "gfplug/tag-values"
"""The resources that list keys and values of ad hoc filters; the runtime calls the author's methods."""

FILTERS = "adhocFilters"
"""The key of a query's JSON with the dashboard's filters."""

_SETTINGS = {"jsonData", "secureJsonData", "secureJsonFields", "decryptedSecureJsonData", "teamHttpHeaders"}
_INHERITED = {"constructor", "hasOwnProperty", "isPrototypeOf", "prototype", "toString", "valueOf"}
_HEADER = re.compile(r"httpHeader(Name|Value)[0-9]+", re.ASCII)


def check_name(name: str, field_path: str, *, is_query: bool) -> None:
    """Refuse a field name that is reserved in a query or in JavaScript.

    Raises: SchemaError naming the field.
    """
    if is_query and name in unread.QUERY:
        raise SchemaError(f"{field_path}: Grafana sets {name} on every query; choose another name")
    if name in _INHERITED or name.startswith("__"):
        raise SchemaError(f"{field_path}: {name} has a meaning in JavaScript; choose another name")


def check_filters(author: Author, fields: list[dict[str, Any]], path: str) -> None:
    """Refuse a field with the key of the ad hoc filters, if the class has `get_tag_keys`.

    Raises: SchemaError naming the field.
    """
    if "get_tag_keys" in author.methods and any(field["name"].partition(".")[0] == FILTERS for field in fields):
        raise SchemaError(f"{path}.{FILTERS}: this key holds the dashboard's filters; choose another name")


def check_option(field: dict[str, Any], field_path: str) -> None:
    """Refuse an option that Grafana, or an HTTP client, reads from another place or as another type.

    Raises: SchemaError naming the field.
    """
    name, kind = field["name"], field["kind"]
    is_secret = kind in ("secret", "secretText")
    if name in _SETTINGS:
        raise SchemaError(f"{field_path}: Grafana stores its own {name} for every data source; choose another name")
    if unread.SECRETS.fullmatch(name) and not is_secret:
        raise SchemaError(f"{field_path}: Grafana stores {name} encrypted; make it a Secret, or choose another name")
    if unread.TEXTS.fullmatch(name) and (kind not in ("string", "hidden") or field["store"] != "jsonData"):
        raise SchemaError(
            f"{field_path}: Grafana reads {name} as a text in jsonData; make it a str, or choose another name"
        )
    if name in unread.SWITCHES and not (kind == "boolean" or isinstance(field.get("default"), bool)):
        raise SchemaError(
            f"{field_path}: Grafana reads {name} as true or false; make it a bool, or choose another name"
        )
    if name == "keepCookies" and kind not in ("tags", "multi"):
        raise SchemaError(f"{field_path}: Grafana reads {name} as names of cookies; make it a list[str]")


def without_duplicates(fields: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """Remove fields of the HTTP and OAuth2 settings that the author also declares; the author's fields stay.

    Raises: SchemaError naming a field that these settings store elsewhere, or as another type.
    """
    own = {field["name"]: field for field in fields if "group" not in field}
    has_http, result = any(field.get("group") == "HttpOptions" for field in fields), []
    if has_http and (name := next(filter(_HEADER.fullmatch, own), None)):
        raise SchemaError(f"{path}.{name}: the HTTP settings store their headers there; choose another name")
    for field in fields:
        group = field.pop("group", "")
        twin = own.get(field["name"]) if group else None
        if twin is None:
            result.append(field)
        elif (twin["store"], _plain_kind(twin)) != (field["store"], _plain_kind(field)):
            raise SchemaError(
                f"{path}.{field['name']}: {group} has a field of this name, {_storage_text(field)}; "
                f"choose another name, or leave {group} out"
            )
    return result


def check_routes(author: Author) -> None:
    """Refuse a route that can never answer: its path is reserved or used twice, or its method lacks a parameter.

    Raises: SchemaError naming class and method.
    """
    owner = getattr(author.make, "__name__", "Datasource")
    first: dict[tuple[str, str], str] = {}
    for route in author.routes:
        field_path, path = f"{owner}.{route.name}", route.path
        if path.removeprefix("/") in (SCHEMA, MIGRATE, TAG_KEYS, TAG_VALUES):
            raise SchemaError(f"{field_path}: gfruntime answers the resource {path} itself; choose another path")
        shape = (route.method, re.sub(r"\{\w+", "{", path))
        if shape in first:
            raise SchemaError(
                f"{field_path}: {route.method} {path} is answered by {first[shape]} already; remove one of them"
            )
        first[shape] = route.name
        if problem := _mismatch(author.make, route):
            raise SchemaError(f"{field_path} can't be called for {path}: {problem}")


def _mismatch(owner: Any, route: Route) -> str:  # noqa: ANN401 - a class, or a function that makes an instance
    """Describe why a method does not accept the request and the parts of the path; empty if it does."""
    member = inspect.getattr_static(owner, route.name, None)
    names = ["request"] if isinstance(member, staticmethod) else ["self", "request"]
    parts = list(route.pattern.groupindex)
    try:
        signature = inspect.signature(getattr(member, "__func__", member), follow_wrapped=False)
        signature.bind(*names, **dict.fromkeys(parts))
    except TypeError as error:
        return f"{error}; its parameters must be ({', '.join([*names, *parts])})" if callable(member) else ""
    except ValueError:  # no signature: a method of an extension
        pass
    return ""


def _plain_kind(field: dict[str, Any]) -> str:
    """Return the kind of a field's value, regardless of its control."""
    kind = str(field["kind"])
    return {"secretText": "secret", "text": "string", "code": "string"}.get(kind, kind)


def _storage_text(field: dict[str, Any]) -> str:
    """Describe where a field of the HTTP settings is stored, and as which type."""
    what = {"secret": "a secret", "boolean": "true or false", "number": "a number"}.get(_plain_kind(field), "a text")
    places = {"url": "in the data source's URL", "root": "in the data source itself", "secureJsonData": "encrypted"}
    return f"{what} kept {places.get(field['store'], 'in jsonData')}"
