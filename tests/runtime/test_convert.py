"""Protobuf into our types."""

from __future__ import annotations

import base64
import datetime as dt
import threading

import pytest
from pluginv2 import backend_pb2 as pb

from gfruntime.calls import convert
from gfruntime.logs import masking
from gfruntime.request.config import GrafanaConfig

UTC = dt.UTC


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, dt.datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, dt.datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)),
        (2**63 - 1, dt.datetime.max.replace(tzinfo=UTC)),
        (-(2**63), dt.datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_times_are_aware_and_never_overflow(milliseconds: int, expected: dt.datetime) -> None:
    """Epoch milliseconds become aware UTC datetimes, whatever the number."""
    assert convert.utc(milliseconds) == expected


def test_context_is_converted() -> None:
    """Who asks, from which Grafana, and its configuration."""
    message = pb.PluginContext(orgId=2, pluginId="p", pluginVersion="1", userAgent="Grafana/12", namespace="default")
    message.user.CopyFrom(pb.User(login="l", name="n", email="e", role="Admin"))
    message.grafanaConfig["GF_APP_URL"] = "http://g"
    found = convert.plugin_context(message)

    assert (found.org_id, found.plugin_id, found.plugin_version) == (2, "p", "1")
    assert (found.user_agent, found.namespace, found.config) == ("Grafana/12", "default", {"GF_APP_URL": "http://g"})
    assert found.user is not None
    assert (found.user.login, found.user.name, found.user.email, found.user.role) == ("l", "n", "e", "Admin")


def test_settings_are_converted() -> None:
    """Times become aware datetimes, jsonData the author's options; secrets show nowhere."""
    message = pb.DataSourceInstanceSettings(
        name="n", url="u", user="w", database="d", basicAuthEnabled=True, basicAuthUser="b", uid="i", lastUpdatedMS=1000
    )
    message.jsonData = b'{"a":1}'
    message.decryptedSecureJsonData["token"] = "sesame-convert"  # noqa: S105  # made up
    found = convert.settings(message, options_type=dict, config=GrafanaConfig())

    assert (found.name, found.url, found.user, found.database, found.uid) == ("n", "u", "w", "d", "i")
    assert (found.basic_auth_enabled, found.basic_auth_user, found.options) == (True, "b", {"a": 1})
    assert found.updated == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert found.secrets == {"token": "sesame-convert"}
    assert "sesame" not in repr(found)
    assert masking.hide("sesame-convert") == "***"


def test_query_is_converted() -> None:
    """Times, durations and the alert flag become Python's types; FromAlert is a boolean (item 75)."""
    message = pb.DataQuery(refId="B", maxDataPoints=5, intervalMS=1500, json=b"{}", queryType="t")
    message.timeRange.CopyFrom(pb.TimeRange(fromEpochMS=1000, toEpochMS=2000))
    found = convert.query(
        message,
        decode_model=lambda text: text,
        headers={"FromAlert": "true"},
        context=convert.plugin_context(pb.PluginContext()),
        cancel=threading.Event(),
    )

    assert (found.ref_id, found.max_data_points, found.query_type, found.model) == ("B", 5, "t", b"{}")
    assert found.interval == dt.timedelta(seconds=1.5)
    assert found.time_range.duration == dt.timedelta(seconds=1)
    assert found.from_alert


def test_forwarded_credentials_are_remembered() -> None:
    """Authorization, cookies and tokens of a request are hidden in every later text."""
    convert.remember_headers(
        {"Authorization": "Bearer sesame-auth", "http_Cookie": "theme=dark; s=sesame-cookie", "http_X-Other": "plain"}
    )

    assert masking.hide("Bearer sesame-auth; sesame-auth; sesame-cookie; plain; dark") == "***; ***; ***; plain; dark"


def test_passwords_in_urls_and_headers_are_remembered() -> None:
    """What is as good as a secret is hidden like one, in the form that HTTP sends, too."""
    message = pb.DataSourceInstanceSettings(
        url="http://eve:sesame%40url@api.example/path",
        basicAuthUser="ada",
        decryptedSecureJsonData={"basicAuthPassword": "sesame-basic"},
    )
    found = convert.settings(message, options_type=dict[str, str], config=GrafanaConfig())
    sent = base64.b64encode(b"ada:sesame-basic").decode()

    assert masking.hide(f"{message.url} sesame@url {sent}") == "http://eve:***@api.example/path *** ***"
    assert "sesame" not in repr(found)
