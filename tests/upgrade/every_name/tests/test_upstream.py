"""The API behind the data source, in place of which a fake answers, or what a real one once answered."""

import json
from http.client import HTTPMessage
from pathlib import Path

import httpx
import pytest

import gfruntime
from gfruntime import DownstreamError, PluginError, Secret, Settings
from gfruntime.config import GrafanaConfig
from gfruntime.fakes import Answer, Asked, Replay, Upstream
from gfruntime.fixtures import Golden, Replaying
from gfruntime.http.client import HttpClient
from gfruntime.http.response import HttpResponse, UpstreamError
from gfruntime.http.settings import HttpSettings
from gfruntime.testing import START, ask, check_golden, query, settings
from plugin.datasource import Datasource, Model, Options

ROWS = [{"time": START.isoformat(), "region": region, "value": 1.0} for region in ("north", "south")]
MODEL = Model(mode="http")


def make(url: str) -> Datasource:
    """Make a data source for an API."""
    return Datasource(settings(Options(url=url, token=Secret("t")), secrets={}, url=url))


def test_rows_become_series(upstream: Upstream, golden: Golden) -> None:
    """Compared with golden files: of this test's name, and of a name of its own."""
    upstream.answer("/rows", json=ROWS, status=200, headers={"X-A": "b"}, method="GET", delay=0.0)
    frames = ask(make(upstream.url), query(MODEL))

    golden(frames)
    golden(frames=frames, name="rows")
    (asked,) = upstream.requests
    assert (asked.method, asked.path, asked.query, asked.body) == ("GET", "/rows", {"page": ["1"]}, b"")
    assert asked.headers["authorization"] == "Bearer t"


def test_a_golden_file_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the variable says so, but not in CI."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("GFRUNTIME_UPDATE_GOLDEN", "1")
    check_golden([], tmp_path / "none.json")
    monkeypatch.setenv("CI", "true")
    check_golden(frames=[], path=tmp_path / "none.json", update=False)

    assert json.loads((tmp_path / "none.json").read_text()) == []


def test_what_a_real_system_said_is_repeated(replay: Replaying, pytestconfig: pytest.Config) -> None:
    """From a file beside the test; a parameter that is a secret is not in it."""
    system = replay("https://sales.example", hide=["key"], name="rows")

    assert len(ask(make(system.url), query(MODEL))) == 2
    assert [each.path for each in system.requests] == ["/rows"]
    assert not pytestconfig.getoption("--record")
    assert not pytestconfig.getoption("--update-golden")


def test_a_system_is_recorded(tmp_path: Path) -> None:
    """And repeated from the file; what was not recorded is told."""
    path = tmp_path / "said.json"
    with Upstream() as real:
        real.answer("/rows", body='{"a": 1}')
        with Replay(target=real.url, path=path, record=True, hide=("key",), timeout=5.0) as recording:
            HttpClient(HttpSettings(url=recording.url)).get("rows", params={"key": "k"})
    repeating = Replay(real.url, path, hide=("key",))
    http = HttpClient(settings=HttpSettings(url=repeating.url), forward_headers=True, datasource_type="t", name="n")

    assert http.get("rows", params={"key": "other"}).json() == {"a": 1}
    assert http.get("none").status == 501
    assert repeating.missed == ["GET /none"]
    http.close()
    repeating.close()


class Echo(Upstream):
    """A system that answers the JSON that it was sent."""

    def respond(self, target: str, asked: Asked) -> Answer:
        """Answer one request."""
        if not asked.body:
            return super().respond(target=target, asked=asked)
        return Answer(body=json.dumps([asked.json()]).encode(), status=200, headers={"X-A": "b"}, delay=0.0)


def test_requests_of_each_kind_are_sent() -> None:
    """With parameters, headers, JSON or bytes, and a time limit."""
    with Echo() as system:
        http = HttpClient.of(settings=settings(None, url=system.url), forward_headers=False)
        answers = [
            http.get(url="/a", params={"a": "1"}, headers={"X-A": "b"}, json={"b": 1}, timeout=5.0),
            http.get("/a", body=b'{"b": 1}'),
            http.post(url="/a", params={"a": "1"}, headers={"X-A": "b"}, json={"b": 1}, timeout=5.0),
            http.post("/a", body=b'{"b": 1}'),
            http.request(method="PUT", url="/a", params={}, headers={}, json={"b": 1}, body=b"", timeout=None),
        ]
        missing = http.get("/none")
        again = system.respond("/b", Asked(method="PUT", path="/b", query={}, headers={}, body=b"{}"))
        http.close()

    assert [(each.status, each.json(), each.text) for each in answers] == [(200, [{"b": 1}], '[{"b": 1}]')] * 5
    assert [each.method for each in system.requests[:5]] == ["GET", "GET", "POST", "POST", "PUT"]
    assert (missing.status, missing.reason, missing.path) == (404, "Not Found", "/none")
    assert missing.headers["Content-Length"] == str(len(missing.body))
    assert (http.settings.url, again.body) == (system.url, b"[{}]")
    with pytest.raises(DownstreamError, match="answered 404") as raised:
        missing.raise_for_status()
    assert (raised.value.status, raised.value.source) == (404, "downstream")


def test_a_refused_request_is_the_plugins_fault() -> None:
    """Which its error's class tells."""
    refused = HttpResponse(status=405, reason="No", headers=HTTPMessage(), body=b"", path="/a")
    with pytest.raises(UpstreamError) as raised:
        refused.raise_for_status()

    assert isinstance(raised.value, PluginError)
    assert (UpstreamError(message="x", status=405).status, raised.value.source) == (405, "plugin")
    assert DownstreamError(message="x").status == 502
    assert (gfruntime.UpstreamError, gfruntime.HttpResponse) == (UpstreamError, HttpResponse)
    assert (gfruntime.HttpClient, gfruntime.HttpSettings) == (HttpClient, HttpSettings)


def test_another_client_takes_the_same_settings() -> None:
    """As Grafana's own HTTP editor saves them."""
    stored = Settings(
        options=None,
        url="http://localhost:1",
        uid="u",
        basic_auth_enabled=True,
        basic_auth_user="ada",
        secrets={
            "basicAuthPassword": "p",
            "tlsCACert": "ca",
            "tlsClientCert": "cert",
            "tlsClientKey": "key",
            "httpHeaderValue1": "b",
            "secureSocksProxyPassword": "s",
        },
        json_data={
            "httpHeaderName1": "X-A",
            "timeout": 1,
            "dialTimeout": 2,
            "httpIdleConnTimeout": 3,
            "httpMaxIdleConns": 4,
            "tlsAuth": True,
            "serverName": "n",
            "tlsSkipVerify": True,
        },
        config=GrafanaConfig({"GF_INSTANCE_FEATURE_TOGGLES_ENABLE": "pluginsForceTls13", "GF_RESPONSE_LIMIT": "5"}),
    )
    http = HttpSettings.of(settings=stored)

    assert http == HttpSettings(
        url="http://localhost:1",
        headers={"X-A": "b"},
        user="ada",
        password="p",  # noqa: S106 - not a secret
        timeout=1.0,
        dial_timeout=2.0,
        idle_timeout=3.0,
        max_idle=4,
        ca_certificate="ca",
        client_certificate="cert",
        client_key="key",
        server_name="n",
        skip_verify=True,
        needs_tls13=True,
        socks=None,
        socks_user="u",
        socks_password="s",  # noqa: S106 - not a secret
        response_limit=5,
    )
    assert http.authorization == "Basic YWRhOnA="
    plain = HttpSettings(url=http.url)
    with httpx.Client(
        base_url=http.url, verify=plain.ssl_context(), headers=http.headers, auth=http.auth, timeout=http.timeout
    ) as other:
        assert other.headers["X-A"] == "b"
