"""The HTTP settings of a data source, as Grafana's HTTP settings editor saves them, for any HTTP client.

`HttpClient.of(settings)` uses all of them. Other clients use parts:

>>> http = HttpSettings.of(settings)
>>> httpx.Client(verify=http.ssl_context(), headers=http.headers, auth=http.auth, timeout=http.timeout)
>>> session = requests.Session(); session.headers.update(http.headers); session.auth = http.auth

Unlike in the Go SDK, a number may be a text, because older editors saved numbers as texts.
Source: grafana-plugin-sdk-go v0.298.0, backend/http_settings.go and backend/httpclient.
"""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfruntime.request.config import SocksProxy
    from gfruntime.request.vocabulary import Settings

_TRUSTED = (  # certificate files of several systems, for bundles whose OpenSSL was built on another system
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS, OpenBSD
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """The HTTP settings of one data source. Times in seconds; 0 connections or bytes mean no limit.

    >>> HttpSettings.of(settings).timeout
    30.0
    """

    url: str = field(default="", repr=False)
    """The data source's URL."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Custom headers by name, decrypted; sent with each request."""

    user: str = ""
    """The user of basic authentication; empty if it is off."""

    password: str = field(default="", repr=False)
    """The password of basic authentication."""

    timeout: float = 30.0
    """Seconds to wait for bytes."""

    dial_timeout: float = 10.0
    """Seconds to wait for a connection."""

    idle_timeout: float = 90.0
    """Seconds that an idle connection is kept."""

    max_idle: int = 100
    """Idle connections that are kept; 0 means no limit."""

    ca_certificate: str = ""
    """The CA certificate to trust, as PEM, instead of the system's."""

    client_certificate: str = ""
    """The client's certificate: PEM, or a path to it."""

    client_key: str = field(default="", repr=False)
    """The key of the client's certificate: PEM, or a path to it."""

    server_name: str = ""
    """The name in the server's certificate, if it is not the URL's host."""

    skip_verify: bool = False
    """Accept any certificate."""

    needs_tls13: bool = False
    """Refuse TLS below 1.3."""

    socks: SocksProxy | None = None
    """Grafana's secure SOCKS proxy, if the data source uses it."""

    socks_user: str = ""
    """The user at the proxy; default: the data source's uid."""

    socks_password: str = field(default="", repr=False)
    """The password at the proxy."""

    response_limit: int = 0
    """The bytes of a response that Grafana allows; 0 means no limit."""

    @classmethod
    def of(cls, settings: Settings[Any]) -> HttpSettings:
        """Read a data source's saved settings."""
        data, secrets = settings.json_data, settings.secrets
        tls = _flag(data, "tlsAuth") or _flag(data, "tlsAuthWithCACert")
        user, password = _basic_auth(settings)
        return cls(
            url=settings.url,
            headers=_custom_headers(data, secrets),
            user=user,
            password=password,
            timeout=_number(data, "timeout", 30.0),
            dial_timeout=_number(data, "dialTimeout", 10.0),
            idle_timeout=_number(data, "httpIdleConnTimeout", 90.0),
            max_idle=int(_number(data, "httpMaxIdleConns", 100)),
            ca_certificate=secrets.get("tlsCACert", "") if tls else "",
            client_certificate=secrets.get("tlsClientCert", "") if tls else "",
            client_key=secrets.get("tlsClientKey", "") if tls else "",
            server_name=str(data.get("serverName") or "") if tls else "",
            skip_verify=_flag(data, "tlsSkipVerify"),
            needs_tls13=settings.config.is_enabled("pluginsForceTls13"),
            socks=settings.config.socks_proxy if _flag(data, "enableSecureSocksProxy") else None,
            socks_user=str(data.get("secureSocksProxyUsername") or settings.uid),
            socks_password=secrets.get("secureSocksProxyPassword", ""),
            response_limit=settings.config.response_limit,
        )

    @property
    def auth(self) -> tuple[str, str] | None:
        """Return user and password of basic authentication; None if it is off."""
        return (self.user, self.password) if self.user or self.password else None

    @property
    def authorization(self) -> str:
        """Return the header of basic authentication; empty if it is off."""
        if self.auth is None:
            return ""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def ssl_context(self) -> ssl.SSLContext:
        """Make the TLS context: CA certificates (the data source's or the system's), client certificate, verification.

        Raises: ssl.SSLError if a certificate or key can't be read.
        """
        context = ssl.create_default_context(cadata=self.ca_certificate or None)
        if not self.ca_certificate and not context.cert_store_stats()["x509_ca"]:
            trust_system(context)
        if self.client_certificate and self.client_key:
            load_pair(context, self.client_certificate, self.client_key)
        if self.skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1_3 if self.needs_tls13 else ssl.TLSVersion.TLSv1_2
        return context


def load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Pass a certificate and its key, PEM texts or paths, to OpenSSL, which reads only files."""
    if not certificate.lstrip().startswith("-----") and not key.lstrip().startswith("-----"):
        context.load_cert_chain(certificate, key)
        return
    descriptor, name = tempfile.mkstemp()  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{pem(key)}\n{pem(certificate)}\n")
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def pem(text_or_path: str) -> str:
    """Return a PEM text, read from a file if a path is given."""
    return text_or_path if "-----" in text_or_path else Path(text_or_path).read_text(encoding="ascii")


def trust_system(context: ssl.SSLContext) -> None:
    """Trust the system's CA certificates, or, if there are none, those of grpcio if it is installed."""
    grpcio = find_spec("grpc")
    folders = (grpcio and grpcio.submodule_search_locations) or ()
    shipped = [f"{folder}/_cython/_credentials/roots.pem" for folder in folders]
    authorities = next((path for path in (*_TRUSTED, *shipped) if Path(path).is_file()), None)
    if authorities is not None:
        context.load_verify_locations(authorities)


def _basic_auth(settings: Settings[Any]) -> tuple[str, str]:
    if settings.basic_auth_enabled or _flag(settings.json_data, "basicAuth"):
        user = settings.basic_auth_user or str(settings.json_data.get("basicAuthUser") or "")
        return user, settings.secrets.get("basicAuthPassword", "")
    if settings.user:  # the older setting, before basic authentication
        return settings.user, settings.secrets.get("password", "")
    return "", ""


def _custom_headers(data: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    """Collect httpHeaderName1, 2, ... up to the first missing number; a header without a value is left out."""
    headers = {}
    number = 1
    while f"httpHeaderName{number}" in data:
        value = secrets.get(f"httpHeaderValue{number}")
        if value is not None:
            headers[str(data[f"httpHeaderName{number}"])] = value
        number += 1
    return headers


def _flag(data: Mapping[str, Any], key: str) -> bool:
    return data.get(key) is True


def _number(data: Mapping[str, Any], key: str, default: float) -> float:
    """Read a number, which may be saved as text; the default if it is missing or invalid."""
    try:
        return float(data.get(key, default))
    except (TypeError, ValueError):
        return default
