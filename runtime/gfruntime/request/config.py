"""Grafana's configuration and version, which it sends with every request.

Source: grafana-plugin-sdk-go v0.299.0, config/ and backend/useragent.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field

from gfruntime.request.openfeature import OpenFeature

_USER_AGENT = re.compile(r"Grafana/([0-9]+\.[0-9]+\.[0-9]+(?:[^\s]+)?) \(([a-zA-Z0-9]+); ([a-zA-Z0-9]+)\)")
_PROXY = "GF_SECURE_SOCKS_DATASOURCE_PROXY_"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAgent:
    """Grafana's version and platform; version 0.0.0 if Grafana did not send it.

    >>> UserAgent.parse("Grafana/13.0.2 (linux; amd64)").arch
    'amd64'
    """

    version: str = "0.0.0"
    """Grafana's version; `0.0.0` if unknown."""

    os: str = "unknown"
    """The operating system that Grafana runs on."""

    arch: str = "unknown"
    """The architecture that Grafana runs on."""

    @classmethod
    def parse(cls, text: str) -> UserAgent:
        """Read `Grafana/12.2.0-pre (linux; amd64)`; anything else is unknown."""
        match = _USER_AGENT.fullmatch(text)
        return cls(version=match[1], os=match[2], arch=match[3]) if match else cls()

    def __str__(self) -> str:
        """Write the version and platform in Grafana's format."""
        return f"Grafana/{self.version} ({self.os}; {self.arch})"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlDefaults:
    """Grafana's defaults for SQL connections and answers; lifetimes in seconds.

    >>> GrafanaConfig({"GF_SQL_ROW_LIMIT": "1000"}).sql.row_limit  # doctest: +SKIP
    1000
    """

    row_limit: int
    """The largest number of rows in an answer."""

    max_open_connections: int
    """The largest number of open connections."""

    max_idle_connections: int
    """The number of idle connections to keep."""

    max_connection_lifetime: int
    """The seconds after which a connection is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocksProxy:
    """Grafana's secure socks proxy (private data source connect). Certificates are PEM texts, or paths to PEM files.

    >>> SocksProxy(address="proxy:1080", allow_insecure=True).address
    'proxy:1080'
    """

    address: str
    """Host and port of the proxy."""

    server_name: str = ""
    """The name in the proxy's certificate."""

    client_cert: str = ""
    """The client's certificate: a path, or PEM."""

    client_key: str = field(default="", repr=False)
    """The key of the client's certificate: a path, or PEM."""

    root_cas: tuple[str, ...] = ()
    """The CA certificates to trust: paths, or PEM."""

    allow_insecure: bool = False
    """Connect to the proxy without TLS."""


class GrafanaConfig(dict[str, str]):
    """Grafana's settings for plugins: a mapping of raw texts, with properties for the known settings.

    It may have secrets, so its repr shows only the keys.

    >>> GrafanaConfig({"GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "sqlExpressions"}).is_enabled("sqlExpressions")
    True
    """

    def __repr__(self) -> str:
        """Show only the keys."""
        return f"GrafanaConfig({', '.join(sorted(self))})"

    @property
    def app_url(self) -> str:
        """Return Grafana's external URL.

        Raises: LookupError if the request and the environment lack it.
        """
        url = self.get("GF_APP_URL") or os.environ.get("GF_APP_URL", "")
        if not url:
            raise LookupError("app URL not set in config; a more recent version of Grafana may be required")
        return url

    @property
    def feature_toggles(self) -> frozenset[str]:
        """List the enabled feature toggles."""
        return frozenset(self.get("GF_INSTANCE_FEATURE_TOGGLES_ENABLE", "").split(",")) - {""}

    def is_enabled(self, toggle: str) -> bool:
        """Tell whether a feature toggle is enabled."""
        return toggle in self.feature_toggles

    @property
    def openfeature(self) -> OpenFeature:
        """Return the service that evaluates feature flags.

        Raises: LookupError if Grafana does not send its values, ValueError if a value can't be read.
        """
        return OpenFeature.of(self)

    @property
    def concurrent_query_count(self) -> int:
        """Return the number of queries of one request that should run at once, as Grafana suggests.

        Raises: LookupError if it is not set, ValueError if it is not an integer.
        """
        return self._integer("GF_CONCURRENT_QUERY_COUNT")

    @property
    def user_facing_default_error(self) -> str:
        """Return the text that users see instead of details.

        Raises: LookupError if it is not set.
        """
        return self._text("GF_USER_FACING_DEFAULT_ERROR")

    @property
    def sql(self) -> SqlDefaults:
        """Return the defaults for SQL data sources.

        Raises: LookupError if a default is not set, ValueError if a default is not an integer.
        """
        return SqlDefaults(
            row_limit=self._integer("GF_SQL_ROW_LIMIT"),
            max_open_connections=self._integer("GF_SQL_MAX_OPEN_CONNS_DEFAULT"),
            max_idle_connections=self._integer("GF_SQL_MAX_IDLE_CONNS_DEFAULT"),
            max_connection_lifetime=self._integer("GF_SQL_MAX_CONN_LIFETIME_SECONDS_DEFAULT"),
        )

    @property
    def response_limit(self) -> int:
        """Return the largest number of bytes in an upstream's response; 0 means no limit."""
        for text in (self.get("GF_RESPONSE_LIMIT", ""), os.environ.get("GF_DATAPROXY_RESPONSE_LIMIT", "")):
            if text.strip().isdecimal() and int(text) > 0:
                return int(text)
        return 0

    @property
    def app_client_secret(self) -> str:
        """Return the plugin's token for calling Grafana.

        Raises: LookupError if it is not set.
        """
        return self._text("GF_PLUGIN_APP_CLIENT_SECRET")

    @property
    def live_client_queue_max_size(self) -> int:
        """Return the number of stream packets that Grafana keeps for a slow browser.

        Raises: LookupError if it is not set, ValueError if it is not an integer.
        """
        return self._integer("GF_LIVE_CLIENT_QUEUE_MAX_SIZE")

    @property
    def socks_proxy(self) -> SocksProxy | None:
        """Return the secure socks proxy; None unless it is enabled."""
        if self.get(f"{_PROXY}SERVER_ENABLED") != "true":
            return None
        pems = [pem.strip() for pem in self.get(f"{_PROXY}ROOT_CA_CERT_VALS", "").split(",") if pem.strip()]
        return SocksProxy(
            address=self.get(f"{_PROXY}PROXY_ADDRESS", ""),
            server_name=self.get(f"{_PROXY}SERVER_NAME", ""),
            client_cert=self.get(f"{_PROXY}CLIENT_CERT_VAL") or self.get(f"{_PROXY}CLIENT_CERT", ""),
            client_key=self.get(f"{_PROXY}CLIENT_KEY_VAL") or self.get(f"{_PROXY}CLIENT_KEY", ""),
            root_cas=tuple(pems or self.get(f"{_PROXY}ROOT_CA_CERT", "").split()),
            allow_insecure=self.get(f"{_PROXY}ALLOW_INSECURE") == "true",
        )

    def _text(self, key: str) -> str:
        if key not in self:
            raise LookupError(f"{key} not set in config; a more recent version of Grafana may be required")
        return self[key]

    def _integer(self, key: str) -> int:
        text = self._text(key)
        try:
            return int(text)
        except ValueError:
            raise ValueError(f"{key} in config is not an integer: {text!r}") from None
