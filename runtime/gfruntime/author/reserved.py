"""The names that Grafana gives a meaning: of a query's JSON, of a data source's settings, of JavaScript, of resources.

Refuses, in one sentence that names class and field, what would be overwritten, never read, or stored where Grafana does
not look. The standard library only: it runs when the plugin is built.

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
"""The resource that tells what the author's dataclasses are; the runtime answers it."""

_SETTINGS = {"jsonData", "secureJsonData", "secureJsonFields", "decryptedSecureJsonData", "teamHttpHeaders"}
_INHERITED = {"constructor", "hasOwnProperty", "isPrototypeOf", "prototype", "toString", "valueOf"}
_HEADER = re.compile(r"httpHeader(Name|Value)[0-9]+", re.ASCII)


def check_name(name: str, where: str, *, is_query: bool) -> None:
    """Refuse a field's name that a query or JavaScript has for itself.

    Raises: SchemaError naming the field.
    """
    if is_query and name in unread.QUERY:
        raise SchemaError(f"{where}: Grafana sets {name} on every query; choose another name")
    if name in _INHERITED or name.startswith("__"):
        raise SchemaError(f"{where}: {name} has a meaning in JavaScript; choose another name")


def check_option(field: dict[str, Any], where: str) -> None:
    """Refuse an option that Grafana, or an HTTP client, looks for in another place or as another type.

    Raises: SchemaError naming the field.
    """
    name, kind = field["name"], field["kind"]
    is_secret = kind in ("secret", "secretText")
    if name in _SETTINGS:
        raise SchemaError(f"{where}: Grafana keeps its own {name} for every data source; choose another name")
    if unread.SECRETS.fullmatch(name) and not is_secret:
        raise SchemaError(f"{where}: Grafana keeps {name} encrypted; make it a Secret, or choose another name")
    if unread.TEXTS.fullmatch(name) and (kind not in ("string", "hidden") or field["store"] != "jsonData"):
        raise SchemaError(f"{where}: Grafana reads {name} as a text in jsonData; make it a str, or choose another name")
    if name in unread.SWITCHES and not (kind == "boolean" or isinstance(field.get("default"), bool)):
        raise SchemaError(f"{where}: Grafana reads {name} as true or false; make it a bool, or choose another name")
    if name == "keepCookies" and kind not in ("tags", "multi"):
        raise SchemaError(f"{where}: Grafana reads {name} as names of cookies; make it a list[str]")


def without_twins(fields: list[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """Return the fields without those of HTTP and OAuth2 settings that the author has written, too; his stay.

    Raises: SchemaError naming a field that these settings keep elsewhere, or as another type.
    """
    own = {field["name"]: field for field in fields if "group" not in field}
    has_http, kept = any(field.get("group") == "HttpOptions" for field in fields), []
    if has_http and (name := next(filter(_HEADER.fullmatch, own), None)):
        raise SchemaError(f"{path}.{name}: the HTTP settings keep their headers there; choose another name")
    for field in fields:
        group = field.pop("group", "")
        twin = own.get(field["name"]) if group else None
        if twin is None:
            kept.append(field)
        elif (twin["store"], _plain_kind(twin)) != (field["store"], _plain_kind(field)):
            raise SchemaError(
                f"{path}.{field['name']}: {group} has a field of this name, {_place(field)}; "
                f"choose another name, or leave {group} out"
            )
    return kept


def check_routes(author: Author) -> None:
    """Refuse a route that could never answer: the path is taken, or the method does not take what the path holds.

    Raises: SchemaError naming class and method.
    """
    owner = getattr(author.make, "__name__", "Datasource")
    first: dict[tuple[str, str], str] = {}
    for route in author.routes:
        where, path = f"{owner}.{route.name}", route.path
        if path == f"/{SCHEMA}":
            raise SchemaError(f"{where}: gfplug answers the resource {path} itself; choose another path")
        shape = (route.method, re.sub(r"\{\w+", "{", path))
        if shape in first:
            raise SchemaError(
                f"{where}: {route.method} {path} is answered by {first[shape]} already; remove one of them"
            )
        first[shape] = route.name
        if problem := _mismatch(author.make, route):
            raise SchemaError(f"{where}: it can't be called for {path}: {problem}")


def _mismatch(owner: Any, route: Route) -> str:  # noqa: ANN401 - a class, or a function that makes an instance
    """Say how a method does not take the request and the parts of the path."""
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
    """Tell what a field holds, whichever control shows it."""
    kind = str(field["kind"])
    return {"secretText": "secret", "text": "string", "code": "string"}.get(kind, kind)


def _place(field: dict[str, Any]) -> str:
    """Say where a field of the HTTP settings is kept, and as what."""
    what = {"secret": "a secret", "boolean": "true or false", "number": "a number"}.get(_plain_kind(field), "a text")
    places = {"url": "in the data source's URL", "root": "in the data source itself", "secureJsonData": "encrypted"}
    return f"{what} kept {places.get(field['store'], 'in jsonData')}"
