"""The fields of OAuth2, which `gfruntime.http.oauth2_settings` reads."""

from __future__ import annotations

from typing import Any

_SECTION = "OAuth2"
_GRANTS = {
    "none": "None",
    "client_credentials": "Client credentials",
    "client_credentials_jwt": "Client credentials, signed by a key",
    "jwt_bearer": "JWT bearer, as Google's service accounts",
    "password": "Password",
    "refresh_token": "Refresh token",
}
_ALL = [grant for grant in _GRANTS if grant != "none"]
_WITH_SECRET = ["client_credentials", "password", "refresh_token"]
_SIGNED = ["client_credentials_jwt", "jwt_bearer"]
_ID_HELP = "The client that asks for tokens; for JWT bearer the issuer, such as the service account's address."
_AUDIENCE_HELP = "If the server needs it; for JWT bearer the audience of the assertion, instead of the token URL."


def fields() -> list[dict[str, Any]]:
    """List the fields: the grant, and the settings of each grant."""
    choices = [{"value": value, "label": label} for value, label in _GRANTS.items()]
    return [
        {**_field("Grant", "select", "Grant", []), "options": choices, "default": "none"},
        _field("TokenUrl", "string", "Token URL", _ALL, required=True, placeholder="https://login.example.com/token"),
        _field("ClientId", "string", "Client ID", _ALL, help=_ID_HELP),
        _field("ClientSecret", "secret", "Client secret", _WITH_SECRET),
        _field("SecretInBody", "boolean", "Client secret in the body", _WITH_SECRET, default=False),
        _field("User", "string", "User", ["password"], required=True),
        _field("Password", "secret", "Password", ["password"], required=True),
        _field("RefreshToken", "secret", "Refresh token", ["refresh_token"], required=True),
        _field("PrivateKey", "secretText", "Private key", _SIGNED, placeholder="-----BEGIN PRIVATE KEY-----"),
        _field("KeyId", "string", "Key ID", _SIGNED),
        _field("Subject", "string", "Subject", ["jwt_bearer"], help="The user to act for, if any."),
        _field("Scopes", "string", "Scopes", _ALL, help="Names, separated by spaces."),
        _field("Audience", "string", "Audience", _ALL, help=_AUDIENCE_HELP),
    ]


def _field(name: str, kind: str, label: str, grants: list[str], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Describe a field that is shown for these grants; for all grants if the list is empty."""
    is_secret = kind.startswith("secret")
    condition = {"showIf": {"oauth2Grant": grants}} if grants else {}
    default = {"default": ""} if kind == "string" else {}
    store = "secureJsonData" if is_secret else "jsonData"
    own = {"name": f"oauth2{name}", "kind": kind, "label": label, "store": store, "section": _SECTION}
    return {**own, **default, **condition, **more}
