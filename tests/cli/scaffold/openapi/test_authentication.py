"""Authentication of a description: the ways that gfplug supports, and parameters that are keys."""

from typing import Any

import pytest
from small_descriptions import describe, get, operation, query, read

from gfplug.scaffold.openapi.model import Auth

SCHEMES = {
    "b": {"type": "http", "scheme": "Bearer"},
    "p": {"type": "http", "scheme": "basic"},
    "k": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "o": {
        "type": "oauth2",
        "flows": {
            "implicit": {"authorizationUrl": "https://shop.example/auth", "scopes": {}},
            "clientCredentials": {"tokenUrl": "/token", "scopes": {"read": "Reads"}},
        },
    },
    "i": {"type": "openIdConnect", "openIdConnectUrl": "https://shop.example/.well-known"},
    "d": {"type": "http", "scheme": "digest"},
    "m": {"type": "mutualTLS"},
    "h": {"type": "apiKey", "in": "header", "name": "X-Key\r\nHost: other"},
    "unused": {"type": "http", "scheme": "basic"},
}


def test_ways_to_authenticate_are_read() -> None:
    """Those are read that an operation names and gfplug supports; the others are listed."""
    value = describe(
        {"/a": get(security=[{"b": []}, {"k": [], "p": []}, {"d": []}, {}])}, security=[{name: []} for name in "oi"]
    )
    value["paths"]["/b"] = get()
    value["components"]["securitySchemes"] = SCHEMES
    source = read(value)

    assert {auth.name: auth for auth in source.auth} == {
        "b": Auth(name="b", identifier="b", kind="bearer"),
        "p": Auth(name="p", identifier="p", kind="basic"),
        "k": Auth(name="k", identifier="k", kind="api_key", key_name="X-Key", key_location="header"),
        "o": Auth(
            name="o",
            identifier="o",
            kind="oauth2",
            flow="client_credentials",
            token_url="https://shop.example/token",  # noqa: S106 - no secret
            scopes=(("read", "Reads"),),
        ),
        "i": Auth(name="i", identifier="i", kind="bearer", description="An OpenID Connect token"),
    }
    assert [query.auth for query in source.operations] == [(("b",), ("k", "p")), (("o",), ("i",))]
    assert [omission.place.rpartition("/")[2] for omission in source.left_out] == ["d", "m", "h"]


def test_a_key_parameter_without_a_scheme_is_a_secret() -> None:
    """Otherwise it would be in every dashboard; the ways to authenticate stay."""
    keys = [query("api_key"), {"name": "X-Auth-Token", "in": "header"}, query("key", description="Your API key")]
    value = describe({"/a": get(parameters=[*keys, query("b")]), "/b": get(parameters=[keys[0]], security=[{"p": []}])})
    value["components"]["securitySchemes"] = {"p": {"type": "http", "scheme": "basic"}}
    source = read(value)

    assert [[parameter.name for parameter in query.parameters] for query in source.operations] == [["b"], []]
    assert [query.auth for query in source.operations] == [(), (("p",),)]
    assert [query.optional_auth for query in source.operations] == [("api_key", "X-Auth-Token", "key"), ("api_key",)]
    assert {auth.name: (auth.kind, auth.key_name, auth.key_location) for auth in source.auth} == {
        "p": ("basic", "", ""),
        "api_key": ("api_key", "api_key", "query"),
        "X-Auth-Token": ("api_key", "X-Auth-Token", "header"),
        "key": ("api_key", "key", "query"),
    }


def test_a_required_key_belongs_to_every_way_to_authenticate() -> None:
    """An optional key is sent if the user has it; the key of a scheme is one of the ways."""
    keys = [query("api_key", required=True), query("access_token"), query("sid")]
    value = describe({"/a": get(parameters=keys, security=[{"p": []}, {"s": []}])})
    value["components"]["securitySchemes"] = {
        "p": {"type": "http", "scheme": "bearer"},
        "s": {"type": "apiKey", "in": "query", "name": "sid"},
    }
    endpoint = operation(value)

    assert endpoint.auth == (("p", "api_key"), ("s", "api_key"))
    assert endpoint.optional_auth == ("access_token",)


@pytest.mark.parametrize("node", [query("key", description="Sort by this key"), query("token"), query("password_hint")])
def test_parameters_that_only_resemble_keys_are_not_secrets(node: Any) -> None:
    """A word in the name is not enough."""
    source = read(describe({"/a": get(parameters=[node])}))

    assert (len(source.operations[0].parameters), source.auth) == (1, ())
