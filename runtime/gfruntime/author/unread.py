"""Keys of a query's JSON, of jsonData or of the secrets that neither the author's types nor Grafana read.

Imports nothing but the standard library, so that tools outside a plugin can load this file by its path.

Source: grafana-plugin-sdk-go v0.298.0, experimental/apis/datasource/v0alpha1/query.go and backend/http_settings.go;
@grafana/runtime 13.2.2, utils/DataSourceWithBackend; @grafana/data 13.2.2, types/datasource.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Keys: TypeAlias = "dict[str, Keys] | None"
"""Maps a key to the keys of its value; None allows any keys."""

EACH = "*"
"""The key whose `Keys` apply to every value of a mapping."""

QUERY = {
    *("refId", "hide", "key", "datasource", "datasourceId", "queryType", "intervalMs", "maxDataPoints"),
    *("timeRange", "resultAssertions", "queryCachingTTL"),
}
_PANEL_KEYS = {"adhocFilters", "scopes", "groupByKeys", "requestId", "$$hashKey", "fromAnnotations", "schemaVersion"}
"""The keys that dashboards, Explore and Grafana's APIs put into a query beside `QUERY`."""

SECRETS = re.compile(r"basicAuthPassword|tlsCACert|tlsClientCert|tlsClientKey|httpHeaderValue[0-9]+", re.ASCII)
TEXTS = re.compile(r"serverName|httpHeaderName[0-9]+", re.ASCII)
SWITCHES = {
    *("tlsAuth", "tlsAuthWithCACert", "tlsSkipVerify", "oauthPassThru", "enableSecureSocksProxy", "manageAlerts"),
    *("allowAsRecordingRulesTarget", "disableGrafanaCache"),
}
_DATA_SOURCE_KEYS = {
    *SWITCHES,
    *("serverName", "keepCookies", "secureSocksProxyUsername", "alertmanagerUid", "basicAuth", "basicAuthUser"),
    *("timeout", "dialTimeout", "httpKeepAlive", "httpTLSHandshakeTimeout", "httpExpectContinueTimeout"),
    *("httpMaxConnsPerHost", "httpMaxIdleConns", "httpMaxIdleConnsPerHost", "httpIdleConnTimeout", "pdcInjected"),
    *("sigV4Auth", "sigV4Region", "sigV4AssumeRoleArn", "sigV4AuthType", "sigV4ExternalId", "sigV4Profile"),
    "teamHttpHeaders",
}
"""The keys of jsonData that Grafana and its SDKs read for every data source."""

_DATA_SOURCE_SECRETS = {
    *("password", "secureSocksProxyPassword", "sigV4AccessKey", "sigV4SecretKey", "sigV4SessionToken"),
}


def find_unknown_keys(value: Any, keys: Keys, path: str = "") -> Iterator[tuple[str, list[str]]]:  # noqa: ANN401 - JSON
    """Yield each key that nothing reads, with its path, and the paths of the keys that are read beside it."""
    if keys is None:
        return
    if isinstance(value, list):
        for number, item in enumerate(value):
            if isinstance(item, dict):
                yield from find_unknown_keys(item, keys, f"{path.removesuffix('.')}[{number}].")
    elif isinstance(value, dict) and EACH in keys:
        for key, item in value.items():
            yield from find_unknown_keys(item, keys[EACH], f"{path}{key}.")
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in keys:
                yield from find_unknown_keys(item, keys[key], f"{path}{key}.")
            else:
                yield f"{path}{key}", [f"{path}{name}" for name in keys]


def find_unknown_query_keys(model: Any, keys: Keys) -> list[tuple[str, list[str]]]:  # noqa: ANN401 - JSON
    """List the keys that nothing reads in a query's JSON, except those that Grafana itself puts there."""
    return [each for each in find_unknown_keys(model, keys) if not is_grafana_query_key(each[0])]


def find_unknown_option_keys(values: Any, keys: Keys) -> list[tuple[str, list[str]]]:  # noqa: ANN401 - JSON
    """List the keys that nothing reads in jsonData, except those that Grafana and its SDKs read."""
    return [each for each in find_unknown_keys(values, keys) if not is_grafana_option_key(each[0])]


def is_grafana_query_key(name: str) -> bool:
    """Tell whether Grafana itself puts a key into queries of every data source."""
    return name in QUERY | _PANEL_KEYS or name.startswith("__")


def is_grafana_option_key(name: str) -> bool:
    """Tell whether Grafana or its SDKs read a key of jsonData for every data source."""
    return name in _DATA_SOURCE_KEYS or bool(TEXTS.fullmatch(name)) or name.startswith("__")


def is_grafana_secret(name: str) -> bool:
    """Tell whether Grafana or its SDKs read a secret for every data source."""
    return name in _DATA_SOURCE_SECRETS or bool(SECRETS.fullmatch(name))
