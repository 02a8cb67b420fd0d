"""The fields that Grafana's HTTP data sources share, under the keys that Grafana and its SDKs read.

`group(HttpOptions)` returns these fields, `group(OAuth2Options)` those of OAuth2.

Source: grafana-plugin-sdk-go v0.298.0, backend/common.go and backend/http_settings.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfruntime.author import oauth2form
from gfruntime.author.ui import HttpOptions, OAuth2Options

if TYPE_CHECKING:
    from collections.abc import Callable

_AUTH, _TLS, _HEADERS, _PROXY = "Authentication", "TLS", "HTTP headers", "Private network"


def fields() -> list[dict[str, Any]]:
    """List the fields: the URL, basic authentication, TLS, custom headers, the time-out."""
    return [
        _field("url", "string", "URL", store="url", placeholder="http://localhost:8000", required=True, default=""),
        _field("timeout", "number", "Timeout", help="Seconds to wait for an answer.", min=0, default=30),
        *_authentication(),
        *_tls(),
        _field("httpHeader", "headers", _HEADERS, section=_HEADERS),
        *_proxy(),
    ]


def _authentication() -> list[dict[str, Any]]:
    show_if = {"basicAuth": [True]}
    return [
        _field("basicAuth", "boolean", "Basic authentication", section=_AUTH, store="root", default=False),
        _field("basicAuthUser", "string", "User", section=_AUTH, store="root", default="", showIf=show_if),
        _field("basicAuthPassword", "secret", "Password", section=_AUTH, showIf=show_if),
    ]


def _tls() -> list[dict[str, Any]]:
    authority, client = {"tlsAuthWithCACert": [True]}, {"tlsAuth": [True]}
    name = "The server's name in its certificate, if it differs from the URL's host."
    return [
        _field("tlsSkipVerify", "boolean", "Skip certificate check", section=_TLS, default=False),
        _field("tlsAuthWithCACert", "boolean", "Own certificate authority", section=_TLS, default=False),
        _field("tlsCACert", "secretText", "CA certificate", section=_TLS, showIf=authority, placeholder=_pem("CERT")),
        _field("tlsAuth", "boolean", "Client certificate", section=_TLS, default=False),
        _field("serverName", "string", "Server name", section=_TLS, help=name, showIf=client, default=""),
        _field("tlsClientCert", "secretText", "Certificate", section=_TLS, showIf=client, placeholder=_pem("CERT")),
        _field("tlsClientKey", "secretText", "Private key", section=_TLS, showIf=client, placeholder=_pem("KEY")),
    ]


def _proxy() -> list[dict[str, Any]]:
    """Describe the switch of the secure socks proxy, shown where Grafana has such a proxy.

    Source: @grafana/runtime 13.2.2, config.secureSocksDSProxyEnabled; grafana-plugin-sdk-go v0.299.0,
    backend/proxy/secure_socks_proxy.go, SecureSocksProxyEnabledOnDS.
    """
    help_text = "Reach the server through the private network that Grafana is configured for."
    label, needs = "Secure socks proxy", "secureSocksDSProxyEnabled"
    return [
        _field("enableSecureSocksProxy", "boolean", label, section=_PROXY, help=help_text, default=False, needs=needs)
    ]


def _pem(kind: str) -> str:
    return "-----BEGIN CERTIFICATE-----" if kind == "CERT" else "-----BEGIN PRIVATE KEY-----"


def _field(name: str, kind: str, label: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    store = "secureJsonData" if kind.startswith("secret") else "jsonData"
    return {"name": name, "kind": kind, "label": label, "store": store, **more}


_GROUPS: dict[Any, Callable[[], list[dict[str, Any]]]] = {HttpOptions: fields, OAuth2Options: oauth2form.fields}


def group(kind: Any) -> list[dict[str, Any]] | None:  # noqa: ANN401 - a type
    """Return the fields that replace an option of type HttpOptions or OAuth2Options; None for another type."""
    lister = _GROUPS.get(kind) if isinstance(kind, type) else None
    return lister and lister()
