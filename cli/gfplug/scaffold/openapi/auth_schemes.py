"""How an API authenticates its callers: OpenAPI 3's `securitySchemes` and Swagger 2's `securityDefinitions`."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urljoin

from gfplug.scaffold.openapi.base_urls import is_web_address
from gfplug.scaffold.openapi.identifiers import snake
from gfplug.scaffold.openapi.model import Auth
from gfplug.scaffold.openapi.nodes import FlawError, Node, cut, quote
from gfplug.scaffold.openapi.parameters import CONNECTION_HEADERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.scaffold.openapi.description_files import DescriptionFiles
    from gfplug.scaffold.openapi.identifiers import Identifiers
    from gfplug.scaffold.openapi.remarks import Remarks

Flow: TypeAlias = Literal["client_credentials", "password", "authorization_code", "implicit"]

_FLOWS: dict[str, Flow] = {  # flows without a login in a browser come first
    "clientCredentials": "client_credentials",
    "application": "client_credentials",
    "password": "password",
    "authorizationCode": "authorization_code",
    "accessCode": "authorization_code",
    "implicit": "implicit",
}
_KEY = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)
_QUERY_KEY = re.compile(r"[^\x00-\x20\x7f]{1,100}")
_KEYS = frozenset(
    {
        *("api_key", "apikey", "x_api_key", "x_apikey", "access_token", "accesstoken", "auth_token", "x_auth_token"),
        *("api_token", "x_api_token", "x_access_token", "secret_key", "client_secret", "subscription_key"),
        *("ocp_apim_subscription_key", "app_key", "appkey", "x_app_key", "password"),
    }
)
_BEARER = re.compile(r"bearer|jwt", re.IGNORECASE)  # Swagger 2 has no type for bearer tokens
_POSSIBLE_KEYS = frozenset({"key", "token", "appid", "app_id"})
_KEY_WORDS = re.compile(r"\b(api|app|access|auth(entication|orization)?)[ -]?(key|token|id)\b", re.IGNORECASE)
_MAX_SCHEMES = 30
_MOST_SCOPES = 100


class AuthReader:
    """Reads the security schemes; `supported` has those that a data source can use, by name."""

    def __init__(self, files: DescriptionFiles, base_url: str, names: Identifiers, remarks: Remarks) -> None:
        """Read all security schemes; token URLs may be relative to the base URL."""
        root = files.main
        pairs = [
            *root.child("components").mapping("securitySchemes"),
            *root.mapping("securityDefinitions"),
        ]
        self._names = names
        self.supported: dict[str, Auth] = {}
        for name, reference in pairs[:_MAX_SCHEMES]:
            try:
                auth = _read(files.resolve(reference), cut(name, 100), base_url)
                self.supported[name] = replace(auth, identifier=names.take(name, fallback="auth"))
            except FlawError as flaw:
                remarks.leave_out_part(flaw.place, flaw.message)

    def alternatives(self, root: Node, operation: Node, remarks: Remarks) -> tuple[tuple[str, ...], ...]:
        """Return an operation's alternatives: each names the schemes that it combines; empty if none is supported."""
        owner = operation if operation.has("security") else root
        ways: list[tuple[str, ...]] = []
        unknown: list[Node] = []
        for item in itertools.islice(owner.items("security"), _MAX_SCHEMES):
            names = tuple(sorted(str(name) for name in item.value)) if isinstance(item.value, dict) else ()
            if names and all(name in self.supported for name in names):
                ways.append(tuple(self.supported[name].name for name in names))
            elif names:
                unknown.append(item)
        for item in unknown if not ways else ():
            missing = ", ".join(quote(name) for name in sorted(map(str, item.value)))
            remarks.leave_out_part(item.place, f"gfplug does not support {missing}: requests have no credentials")
        return tuple(dict.fromkeys(ways))

    def key(self, parameter: Node) -> str:
        """Return the name of the scheme whose key a parameter contains; empty for any other parameter.

        A parameter named like an API key counts as a key, so that it becomes a secret and is not stored in dashboards.
        """
        name, location = cut(parameter.text("name"), 100), parameter.text("in")
        if not name or location not in ("header", "query", "cookie"):
            return ""
        for auth in self.supported.values():
            is_same = auth.key_name.lower() == name.lower() if location == "header" else auth.key_name == name
            if is_same and auth.key_location == location:
                return auth.name
        is_described = snake(name) in _POSSIBLE_KEYS and _KEY_WORDS.search(parameter.text("description"))
        if (
            location == "cookie"
            or len(self.supported) >= 2 * _MAX_SCHEMES
            or not (snake(name) in _KEYS or is_described)
        ):
            return ""
        title = name if name not in self.supported else f"{name} ({location})"
        scheme = {"type": "apiKey", "name": name, "in": location, "description": parameter.text("description")}
        try:
            auth = _api_key(parameter.with_value(scheme), title)
        except FlawError:
            return ""
        self.supported[title] = replace(auth, identifier=self._names.take(title, fallback="auth"))
        return title


def with_keys(ways: tuple[tuple[str, ...], ...], keys: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the alternatives, each with the keys that an operation requires as parameters."""
    return tuple(tuple(dict.fromkeys((*way, *keys))) for way in ways or ((),) if way or keys)


def _read(node: Node, name: str, base_url: str) -> Auth:
    kind, description = node.text("type"), node.text("description")
    if kind == "http":
        return _http(node, name)
    if kind == "basic":
        return Auth(name=name, identifier="", kind="basic", description=description)
    if kind == "apiKey":
        return _api_key(node, name)
    if kind == "oauth2":
        return _oauth2(node, name, base_url)
    if kind == "openIdConnect":
        return Auth(name=name, identifier="", kind="bearer", description=description or "An OpenID Connect token")
    raise FlawError(node.place, f"{quote(name)} has the type {quote(kind)}, which gfplug does not support")


def _http(node: Node, name: str) -> Auth:
    scheme = node.text("scheme").lower()
    if scheme not in ("bearer", "basic"):
        raise FlawError(
            node.place, f"{quote(name)} uses the HTTP scheme {quote(scheme)}, which gfplug does not support"
        )
    kind: Literal["bearer", "basic"] = "bearer" if scheme == "bearer" else "basic"
    return Auth(name=name, identifier="", kind=kind, description=node.text("description"))


def _api_key(node: Node, name: str) -> Auth:
    key, location = node.text("name"), node.text("in")
    is_possible = location in ("header", "query", "cookie") and not (
        location == "header" and key.lower() in CONNECTION_HEADERS
    )
    if not is_possible or not (_QUERY_KEY if location == "query" else _KEY).fullmatch(key):
        raise FlawError(node.place, f"{quote(name)} cannot send its key as {quote(key)} in {quote(location)}")
    if key.lower() == "authorization" and _BEARER.search(f"{name} {node.text('description')}"):
        return Auth(name=name, identifier="", kind="bearer", description=node.text("description"))
    places: dict[str, Literal["header", "query", "cookie"]] = {"header": "header", "query": "query", "cookie": "cookie"}
    return Auth(
        name=name,
        identifier="",
        kind="api_key",
        description=node.text("description"),
        key_name=key,
        key_location=places[location],
    )


def _oauth2(node: Node, name: str, base_url: str) -> Auth:
    """Read the flow that needs the fewest steps from the user; without a token URL, the user enters a token."""
    flows = dict(node.mapping("flows")) or {node.text("flow"): node}
    for key, flow in _FLOWS.items():
        if key not in flows:
            continue
        token_url = _absolute(base_url, flows[key].text("tokenUrl"))
        if flow != "implicit" and not token_url:
            continue
        scopes = [(cut(scope, 200), cut(meaning.value, 300)) for scope, meaning in flows[key].mapping("scopes")]
        is_direct = flow in ("client_credentials", "password")
        return Auth(
            name=name,
            identifier="",
            kind="oauth2",
            description=node.text("description"),
            flow=flow,
            token_url=token_url,
            authorization_url="" if is_direct else _absolute(base_url, flows[key].text("authorizationUrl")),
            scopes=tuple(scopes[:_MOST_SCOPES]),
        )
    return Auth(name=name, identifier="", kind="bearer", description=node.text("description") or "An OAuth 2 token")


def _absolute(base_url: str, address: str) -> str:
    try:
        url = urljoin(base_url + "/", address) if address else ""
    except ValueError:
        return ""
    return url if is_web_address(url) else ""
