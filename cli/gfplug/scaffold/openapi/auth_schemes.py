"""How an API wants its callers to authenticate: OpenAPI 3's `securitySchemes` and Swagger 2's `securityDefinitions`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urljoin

from gfplug.scaffold.openapi.base_urls import is_web_address
from gfplug.scaffold.openapi.model import Auth
from gfplug.scaffold.openapi.nodes import FlawError, Node, cut, quoted

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.description_files import DescriptionFiles
    from gfplug.scaffold.openapi.identifiers import Identifiers
    from gfplug.scaffold.openapi.remarks import Remarks

Flow: TypeAlias = Literal["client_credentials", "password", "authorization_code", "implicit"]

_FLOWS: dict[str, Flow] = {  # those that need no person come first
    "clientCredentials": "client_credentials",
    "application": "client_credentials",
    "password": "password",
    "authorizationCode": "authorization_code",
    "accessCode": "authorization_code",
    "implicit": "implicit",
}
_KEY = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", re.ASCII)
_QUERY_KEY = re.compile(r"[^\x00-\x20\x7f]{1,100}")
_MOST = 30
_MOST_SCOPES = 100


class AuthReader:
    """Reads the ways to authenticate, of which `known` are those that a data source can go."""

    def __init__(self, files: DescriptionFiles, base_url: str, names: Identifiers, remarks: Remarks) -> None:
        """Read all of them; token URLs may be relative to the base URL."""
        root = files.main
        pairs = [
            *root.child("components").mapping("securitySchemes"),
            *root.mapping("securityDefinitions"),
        ]
        self.known: dict[str, Auth] = {}
        for name, reference in pairs[:_MOST]:
            try:
                auth = _read(files.resolve(reference), cut(name, 100), base_url)
                self.known[name] = replace(auth, identifier=names.take(name, fallback="auth"))
            except FlawError as flaw:
                remarks.leave_out_part(flaw.place, flaw.message)

    def alternatives(self, root: Node, operation: Node) -> tuple[tuple[str, ...], ...]:
        """Return the ways that an operation accepts, each with names that go together; empty: none is needed, or known."""
        owner = operation if operation.has("security") else root
        ways = []
        for item in owner.items("security"):
            names = tuple(sorted(str(name) for name in item.value)) if isinstance(item.value, dict) else ()
            if names and all(name in self.known for name in names):
                ways.append(tuple(self.known[name].name for name in names))
        return tuple(dict.fromkeys(ways))

    def is_key(self, name: str, location: str) -> bool:
        """Whether a parameter is the key of a way to authenticate."""
        folded = name.lower() if location == "header" else name
        return any(
            auth.key_location == location and (auth.key_name.lower() if location == "header" else auth.key_name) == folded
            for auth in self.known.values()
        )


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
        return Auth(name=name, identifier="", kind="bearer", description=description or "A token of OpenID Connect")
    raise FlawError(node.place, f"{quoted(name)} authenticates by {quoted(kind)}, which a data source cannot do")


def _http(node: Node, name: str) -> Auth:
    scheme = node.text("scheme").lower()
    if scheme not in ("bearer", "basic"):
        raise FlawError(node.place, f"{quoted(name)} authenticates by HTTP's {quoted(scheme)}, which a data source cannot do")
    kind: Literal["bearer", "basic"] = "bearer" if scheme == "bearer" else "basic"
    return Auth(name=name, identifier="", kind=kind, description=node.text("description"))


def _api_key(node: Node, name: str) -> Auth:
    key, location = node.text("name"), node.text("in")
    if location not in ("header", "query", "cookie") or not (_QUERY_KEY if location == "query" else _KEY).fullmatch(key):
        raise FlawError(node.place, f"{quoted(name)} sends its key as {quoted(key)} in {quoted(location)}, which is no place")
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
    """Read the flow that needs the least of a person; one without a token's URL takes a token that the user has."""
    flows = dict(node.mapping("flows")) or {node.text("flow"): node}
    for key, flow in _FLOWS.items():
        if key not in flows:
            continue
        token_url = _absolute(base_url, flows[key].text("tokenUrl"))
        if flow != "implicit" and not token_url:
            continue
        scopes = [(cut(scope, 200), cut(what.value, 300)) for scope, what in flows[key].mapping("scopes")]
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
        joined = urljoin(base_url + "/", address) if address else ""
    except ValueError:
        return ""
    return joined if is_web_address(joined) else ""
