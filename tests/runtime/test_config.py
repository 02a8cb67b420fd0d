"""Grafana's configuration, its user agent, and the headers of its requests."""

from __future__ import annotations

import pytest

from gfruntime.request.config import GrafanaConfig, UserAgent
from gfruntime.request.headers import canonical, http_headers


@pytest.mark.shows("protocol 76")
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Grafana/12.2.0-pre (linux; amd64)", ("12.2.0-pre", "linux", "amd64")),
        ("Grafana/11.2.2+security-01 (darwin; arm64)", ("11.2.2+security-01", "darwin", "arm64")),
        ("Grafana/12.2 (linux; amd64)", ("0.0.0", "unknown", "unknown")),
        ("Grafana/12.2.0 (linux; amd64)\n", ("0.0.0", "unknown", "unknown")),
        ("", ("0.0.0", "unknown", "unknown")),
    ],
)
def test_user_agent_is_read_by_grafanas_rule(text: str, parts: tuple[str, str, str]) -> None:
    """The text has version, system and architecture; a text that doesn't match is version 0.0.0 (item 76)."""
    agent = UserAgent.parse(text)

    assert (agent.version, agent.os, agent.arch) == parts


@pytest.mark.shows("protocol 74")
def test_http_headers_are_separated_from_other_keys() -> None:
    """HTTP headers are three credentials in any case, and names with a lower-case prefix; not FromAlert (item 74)."""
    raw = {
        "authorization": "a", "X-ID-Token": "b", "COOKIE": "c", "http_x-dashboard-uid": "d", "http_X-Grafana-Id": "e",
        "FromAlert": "true", "X-Cache-Skip": "true", "X-Grafana-Org-Id": "1", "HTTP_X-No": "no",
    }  # fmt: skip

    assert http_headers(raw) == {
        "Authorization": "a", "X-Id-Token": "b", "Cookie": "c", "X-Dashboard-Uid": "d", "X-Grafana-Id": "e",
    }  # fmt: skip


@pytest.mark.parametrize("order", [1, -1])
def test_grafanas_own_header_overrides_forwarded_ones(order: int) -> None:
    """The order and the spelling of the names do not matter."""
    raw = [
        *[("http_authorization", "c"), ("http_Authorization", "b"), ("Authorization", "a")],
        *[("http_x-grafana-user", "evil"), ("http_X-Grafana-User", "me"), ("http_X_Grafana_User", "other")],
    ]

    assert http_headers(dict(raw[::order])) == {
        "Authorization": "a", "X-Grafana-User": "me", "X_grafana_user": "other",
    }  # fmt: skip


@pytest.mark.shows("protocol 74")
@pytest.mark.parametrize(
    ("name", "expected"),
    [("x-id-token", "X-Id-Token"), ("ETAG", "Etag"), ("a b", "a b"), ("", ""), ("x--y", "X--Y"), ("ünd", "ünd")],
)
def test_header_names_are_spelled_as_in_go(name: str, expected: str) -> None:
    """Each part begins with a capital; an invalid header name stays unchanged (item 74)."""
    assert canonical(name) == expected


def test_toggles_are_split_at_commas_only() -> None:
    """As in the Go SDK, toggles are not trimmed, and without the key no toggle is enabled."""
    config = GrafanaConfig({"GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "a,b, c"})

    assert (config.is_enabled("b"), config.is_enabled("c"), config.is_enabled(" c")) == (True, False, True)
    assert not GrafanaConfig().is_enabled("")


def test_app_url_falls_back_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request's URL takes precedence; without both the error says so."""
    monkeypatch.setenv("GF_APP_URL", "http://env")

    assert GrafanaConfig({"GF_APP_URL": "http://config"}).app_url == "http://config"
    assert GrafanaConfig().app_url == "http://env"
    monkeypatch.delenv("GF_APP_URL")
    with pytest.raises(LookupError, match="app URL not set"):
        _ = GrafanaConfig().app_url


def test_missing_and_invalid_numbers_are_errors() -> None:
    """For a missing key and for a text that is not an integer the error names the key."""
    names = ("ROW_LIMIT", "MAX_OPEN_CONNS_DEFAULT", "MAX_IDLE_CONNS_DEFAULT", "MAX_CONN_LIFETIME_SECONDS_DEFAULT")
    sql = {f"GF_SQL_{name}": value for name, value in zip(names, ("1000000", "100", "10", "14400"), strict=True)}

    assert GrafanaConfig(sql).sql.max_connection_lifetime == 14400
    with pytest.raises(LookupError, match="GF_SQL_MAX_IDLE_CONNS_DEFAULT not set"):
        _ = GrafanaConfig({key: value for key, value in sql.items() if "IDLE" not in key}).sql
    with pytest.raises(ValueError, match="GF_CONCURRENT_QUERY_COUNT in config is not an integer: 'x'"):
        _ = GrafanaConfig({"GF_CONCURRENT_QUERY_COUNT": "x"}).concurrent_query_count


@pytest.mark.parametrize(("value", "env", "limit"), [("5", "7", 5), ("0", "7", 7), ("x", "", 0), ("", "-1", 0)])
def test_response_limit_falls_back(monkeypatch: pytest.MonkeyPatch, value: str, env: str, limit: int) -> None:
    """Grafana's limit comes first, then the environment's; a missing, zero or invalid one means no limit."""
    monkeypatch.setenv("GF_DATAPROXY_RESPONSE_LIMIT", env)

    assert GrafanaConfig({"GF_RESPONSE_LIMIT": value}).response_limit == limit


def test_the_socks_proxy_is_on_only_if_its_flag_is_true() -> None:
    """The proxy is off unless the flag is `true`; certificates precede their paths. No repr shows a key."""
    prefix = "GF_SECURE_SOCKS_DATASOURCE_PROXY_"
    raw = {"SERVER_ENABLED": "true", "PROXY_ADDRESS": "p:1", "CLIENT_KEY": "/k", "CLIENT_KEY_VAL": "PEM"}
    config = GrafanaConfig({prefix + key: value for key, value in {**raw, "ROOT_CA_CERT": "/a /b"}.items()})
    proxy = config.socks_proxy

    assert proxy is not None
    assert (proxy.address, proxy.client_key, proxy.root_cas) == ("p:1", "PEM", ("/a", "/b"))
    assert "PEM" not in repr(proxy) + repr(config)
    assert f"{prefix}CLIENT_KEY_VAL" in repr(config)
    assert GrafanaConfig({f"{prefix}SERVER_ENABLED": "True"}).socks_proxy is None


OPENFEATURE = "GF_INSTANCE_OPENFEATURE_"
ENDPOINT = {f"{OPENFEATURE}PROVIDER_URL": "http://localhost:3000", f"{OPENFEATURE}PROVIDER_TYPE": "ofrep"}


def test_the_config_has_the_openfeature_settings() -> None:
    """The config has address, kind, seconds, and attributes; a missing value is empty."""
    context = {f"{OPENFEATURE}CACHE_TTL": "30", f"{OPENFEATURE}CONTEXT": '{"namespace": "stacks-1"}'}
    whole, least = GrafanaConfig(ENDPOINT | context).openfeature, GrafanaConfig(ENDPOINT).openfeature

    assert (whole.url, whole.provider_type, whole.cache_ttl) == ("http://localhost:3000", "ofrep", 30)
    assert whole.context == {"namespace": "stacks-1"}
    assert (least.cache_ttl, least.context) == (0, {})


@pytest.mark.parametrize(
    ("config", "kind", "sentence"),
    [
        ({}, LookupError, "PROVIDER_URL not set"),
        ({f"{OPENFEATURE}PROVIDER_URL": ""}, LookupError, "PROVIDER_URL not set"),
        ({f"{OPENFEATURE}PROVIDER_URL": "http://x"}, ValueError, "PROVIDER_TYPE not set"),
        ({**ENDPOINT, f"{OPENFEATURE}CACHE_TTL": "1.5"}, ValueError, "not a number of seconds: '1.5'"),
        ({**ENDPOINT, f"{OPENFEATURE}CACHE_TTL": "-1"}, ValueError, "not a number of seconds: '-1'"),
        ({**ENDPOINT, f"{OPENFEATURE}CONTEXT": "[]"}, ValueError, "CONTEXT in config is not a JSON object of texts"),
        ({**ENDPOINT, f"{OPENFEATURE}CONTEXT": '{"a": 1}'}, ValueError, "is not a JSON object of texts"),
        ({**ENDPOINT, f"{OPENFEATURE}CONTEXT": "{"}, ValueError, "is not a JSON object of texts"),
    ],
)
def test_missing_or_invalid_openfeature_settings_are_errors(
    config: dict[str, str], kind: type[Exception], sentence: str
) -> None:
    """As in the Go SDK: a missing value and an invalid one raise different errors."""
    with pytest.raises(kind, match=sentence):
        _ = GrafanaConfig(config).openfeature
