"""Protobuf into our types."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from pluginv2 import backend_pb2 as pb

from gfruntime import convert, masking

UTC = dt.UTC
# Every field of the messages that reach the author is converted, or listed here with the reason why not.
IGNORED = {
    "PluginContext.appInstanceSettings": "data sources only",
    "PluginContext.dataSourceInstanceSettings": "becomes Settings",
    "PluginContext.apiVersion": "for Kubernetes-style APIs",
    "DataSourceInstanceSettings.id": "deprecated; part of the instance's key",
    "DataSourceInstanceSettings.apiVersion": "for Kubernetes-style APIs",
}


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


def test_every_field_of_the_context_is_converted() -> None:
    """Each field of PluginContext is converted, or ignored for a reason."""
    message = pb.PluginContext(orgId=2, pluginId="p", pluginVersion="1", userAgent="Grafana/12", namespace="default")
    message.user.CopyFrom(pb.User(login="l", name="n", email="e", role="Admin"))
    message.grafanaConfig["GF_APP_URL"] = "http://g"
    found = convert.plugin_context(message)

    converted = {"orgId", "pluginId", "pluginVersion", "userAgent", "namespace", "user", "grafanaConfig"}
    assert _fields(pb.PluginContext) == converted
    assert (found.org_id, found.plugin_id, found.plugin_version) == (2, "p", "1")
    assert (found.user_agent, found.namespace, found.config) == ("Grafana/12", "default", {"GF_APP_URL": "http://g"})
    assert found.user is not None
    assert (found.user.login, found.user.name, found.user.email, found.user.role) == ("l", "n", "e", "Admin")


def test_every_field_of_the_settings_is_converted() -> None:
    """Each field of DataSourceInstanceSettings is converted, or ignored for a reason; secrets show nowhere."""
    message = pb.DataSourceInstanceSettings(
        name="n", url="u", user="w", database="d", basicAuthEnabled=True, basicAuthUser="b", uid="i", lastUpdatedMS=1000
    )
    message.jsonData = b'{"a":1}'
    message.decryptedSecureJsonData["token"] = "sesame-convert"  # noqa: S105  # made up
    found = convert.settings(message, options_type=dict)

    assert _fields(pb.DataSourceInstanceSettings) == {
        "name", "url", "user", "database", "basicAuthEnabled", "basicAuthUser", "jsonData", "decryptedSecureJsonData",
        "lastUpdatedMS", "uid",
    }  # fmt: skip
    assert (found.name, found.url, found.user, found.database, found.uid) == ("n", "u", "w", "d", "i")
    assert (found.basic_auth_enabled, found.basic_auth_user, found.options) == (True, "b", {"a": 1})
    assert found.updated == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert found.secrets == {"token": "sesame-convert"}
    assert "sesame" not in repr(found)
    assert masking.hide("sesame-convert") == "***"


def test_every_field_of_a_query_is_converted() -> None:
    """Each field of DataQuery is converted."""
    message = pb.DataQuery(refId="B", maxDataPoints=5, intervalMS=1500, json=b"{}", queryType="t")
    message.timeRange.CopyFrom(pb.TimeRange(fromEpochMS=1000, toEpochMS=2000))
    found = convert.query(
        message,
        decode_model=lambda text: text,
        headers={"FromAlert": "true"},
        context=convert.plugin_context(pb.PluginContext()),
        cancel=threading.Event(),
    )

    assert _fields(pb.DataQuery) == {"refId", "maxDataPoints", "intervalMS", "timeRange", "json", "queryType"}
    assert (found.ref_id, found.max_data_points, found.query_type, found.model) == ("B", 5, "t", b"{}")
    assert found.interval == dt.timedelta(seconds=1.5)
    assert found.time_range.duration == dt.timedelta(seconds=1)
    assert found.from_alert


def test_forwarded_credentials_are_remembered() -> None:
    """Authorization, cookies and tokens of a request are hidden in every later text."""
    convert.remember_headers(
        {"Authorization": "Bearer sesame-auth", "http_Cookie": "sesame-cookie", "http_X-Other": "plain"}
    )

    assert masking.hide("Bearer sesame-auth; sesame-auth; sesame-cookie; plain") == "***; ***; ***; plain"


def _fields(message: type) -> set[str]:
    descriptor = message.DESCRIPTOR  # type: ignore[attr-defined]  # generated
    return {field.name for field in descriptor.fields if f"{descriptor.name}.{field.name}" not in IGNORED}
