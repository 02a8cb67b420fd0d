"""Requests as Grafana makes them, and answers as Grafana reads them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from host_fake import HEALTH, QUERY, RESOURCE

from gfplug.errors import ToolError
from gfplug.host.client import UnimplementedError
from gfplug.host.convert import Query
from gfplug.host.launch import launch
from gfplug.host.settings import Settings
from gfplug.host.smoke import smoke

if TYPE_CHECKING:
    from collections.abc import Callable

    from host_fake import Fake

    from gfplug.host.client import RunningPlugin


SETTINGS = Settings(
    name="Sales",
    uid="abc",
    url="http://127.0.0.1:1",
    user="me",
    database="db",
    basic_auth_enabled=True,
    basic_auth_user="ba",
    options={"step": 5},
    secrets={"token": "hush"},
    updated_ms=1_700_000_000_000,
)
MODEL_QUERY = Query(
    ref_id="B",
    start=datetime(2026, 1, 1, tzinfo=UTC),
    end=datetime(2026, 1, 1, 1, tzinfo=UTC),
    interval=timedelta(seconds=30),
    max_data_points=120,
    model={"table": "sales"},
    query_type="metrics",
)


CALLS: dict[str, Callable[[RunningPlugin, float], object]] = {
    HEALTH: lambda plugin, timeout: plugin.check_health(timeout=timeout),
    QUERY: lambda plugin, timeout: plugin.query_data([MODEL_QUERY], SETTINGS, timeout=timeout),
    RESOURCE: lambda plugin, timeout: plugin.call_resource("x", timeout=timeout),
}
NO_FILE = "FileNotFoundError: [Errno 2] No such file or directory: '/p/_internal_linux_amd64/botocore/data'"
LOAD_ERROR = b'{"loadError": "ImportError: no pandas", "verboseMessage": "Traceback ...\\nImportError: no pandas"}'


def test_a_query_carries_all_that_grafana_sends(fake: Fake) -> None:
    """It has the data source, the caller, the range in milliseconds, and the model with the frontend's fields."""
    with launch(fake.healthy()) as plugin:
        plugin.query_data([MODEL_QUERY], SETTINGS)
    request = fake.request(QUERY)
    source, query = request.pluginContext.dataSourceInstanceSettings, request.queries[0]

    assert (request.pluginContext.pluginId, request.pluginContext.pluginVersion) == ("acme-fake-datasource", "1.2.3")
    assert request.pluginContext.user.login == "admin"
    assert request.pluginContext.userAgent.startswith("Grafana/")
    assert (source.name, source.uid, source.url, source.user, source.database) == (
        *("Sales", "abc", "http://127.0.0.1:1", "me", "db"),
    )
    assert (source.basicAuthEnabled, source.basicAuthUser, source.lastUpdatedMS) == (True, "ba", 1_700_000_000_000)
    assert json.loads(source.jsonData) == {"step": 5}
    assert dict(source.decryptedSecureJsonData) == {"token": "hush"}
    assert (query.refId, query.maxDataPoints, query.intervalMS, query.queryType) == ("B", 120, 30_000, "metrics")
    assert (query.timeRange.fromEpochMS, query.timeRange.toEpochMS) == (1_767_225_600_000, 1_767_229_200_000)
    assert json.loads(query.json) == {
        "table": "sales",
        "refId": "B",
        "datasource": {"type": "acme-fake-datasource", "uid": "abc"},
        "intervalMs": 30_000,
        "maxDataPoints": 120,
    }


def test_an_alert_query_has_no_user_and_the_header_fromalert(fake: Fake) -> None:
    """The alert engine has no user."""
    with launch(fake.healthy()) as plugin:
        plugin.query_data([MODEL_QUERY], SETTINGS, is_alert=True)
    request = fake.request(QUERY)

    assert not request.pluginContext.HasField("user")
    assert dict(request.headers) == {"FromAlert": "true"}


def test_an_error_of_one_ref_id_keeps_its_status_and_source(fake: Fake) -> None:
    """Answers are in the order of the queries, in Grafana's JSON."""
    responses = {
        "A": {"status": 200},
        "B": {"status": 502, "error": "upstream is down", "errorSource": "downstream"},
        "C": {"error": "no status"},
    }
    with launch(fake.target(answers=fake.says(QUERY, {"responses": responses}))) as plugin:
        answers = plugin.query_data([MODEL_QUERY], SETTINGS)

    assert list(answers) == ["B", "A", "C"]
    assert {ref_id: answer.to_json() for ref_id, answer in answers.items()} == {
        "A": {"status": 200, "frames": []},
        "B": {"error": "upstream is down", "errorSource": "downstream", "status": 502, "frames": []},
        "C": {"error": "no status", "errorSource": "plugin", "status": 500, "frames": []},
    }


def test_a_frame_in_json_is_passed_through(fake: Fake) -> None:
    """A plugin may answer JSON frames; they are Grafana's form already."""
    frame = {"schema": {"fields": [{"name": "v", "type": "number"}]}, "data": {"values": [[1]]}}
    response = {"status": 200, "format": 1, "frames": [json.dumps(frame).encode()]}
    with launch(fake.target(answers=fake.says(QUERY, {"responses": {"A": response}}))) as plugin:
        answers = plugin.query_data([MODEL_QUERY], SETTINGS)

    assert answers["A"].frames == [frame]


def test_fields_that_an_old_proto_lacks_are_not_sent(fake: Fake) -> None:
    """The messages follow the plugin's proto: fields that it lacks are not sent."""
    old = fake.proto.replace(b"string namespace = 10;", b"").replace(b"int32 status = 4;", b"", 1)
    assert old.count(b"\n") == fake.proto.count(b"\n")
    target = fake.target(answers=fake.says(QUERY, {"responses": {"A": {}}}))
    object.__setattr__(target, "proto", old)
    with launch(target) as plugin:
        answers = plugin.query_data([MODEL_QUERY], SETTINGS)

    assert fake.request(QUERY).pluginContext.namespace == ""
    assert answers["A"].status == 200


def test_a_resource_is_joined_from_its_parts(fake: Fake) -> None:
    """The first part has the code and headers; path and URL differ; headers may repeat."""
    parts = (
        {"code": 201, "headers": {"Content-Type": {"values": ["text/plain"]}}, "body": b"one "},
        {"body": b"two"},
    )
    with launch(fake.target(answers=fake.says(RESOURCE, *parts))) as plugin:
        resource = plugin.call_resource(
            "/tables?limit=3", SETTINGS, method="post", headers={"X": ["1", "2"]}, body=b"hello"
        )
    request = fake.request(RESOURCE)

    assert (resource.status, resource.headers, resource.body) == (201, {"Content-Type": ["text/plain"]}, b"one two")
    assert (request.path, request.url, request.method) == ("tables", "tables?limit=3", "POST")
    assert (list(request.headers["X"].values), request.body) == (["1", "2"], b"hello")


def test_a_missing_health_check_is_unknown(fake: Fake) -> None:
    """Grafana reports the same status."""
    with launch(fake.target()) as plugin:
        health = plugin.check_health()

    assert (health.status, health.message) == ("UNKNOWN", "Health check not implemented")


@pytest.mark.parametrize(
    ("method", "answer", "sentence"),
    [
        (QUERY, {"code": "UNKNOWN", "details": "it broke"}, "Data.QueryData failed: UNKNOWN: it broke"),
        (QUERY, {"sleep": 5, "messages": [""]}, "did not answer Data.QueryData within 0.5 s"),
        (RESOURCE, {"messages": []}, "sent nothing for the resource 'x'"),
        (HEALTH, {"messages": [base64.b64encode(b"\x08\x01\x1a\x03[1]").decode()]}, "details are not a JSON object"),
    ],
)
def test_a_failed_call_is_a_sentence(fake: Fake, method: str, answer: dict[str, object], sentence: str) -> None:
    """The error has method, code and the plugin's message; answers for which Grafana sends 500 are errors, too."""
    timeout = 0.5 if "sleep" in answer else 10
    with pytest.raises(ToolError) as caught, launch(fake.target(answers={method: answer})) as plugin:
        CALLS[method](plugin, timeout)

    assert sentence in caught.value.message


def test_an_unimplemented_method_can_be_told_from_a_failure(fake: Fake) -> None:
    """The error has its own class, so that callers may use another method."""
    with pytest.raises(UnimplementedError), launch(fake.target()) as plugin:
        plugin.call_resource("x")


def test_a_smoke_start_measures_and_passes(fake: Fake) -> None:
    """It has a handshake, a health check, one query with the plugin's defaults, and a clean end."""
    report = smoke(fake.healthy())

    assert 0 < report.handshake_ms < report.first_answer_ms
    assert (report.health.status, report.ended.problem) == ("OK", "")
    assert fake.methods().count(QUERY) == 1


def test_a_smoke_start_accepts_a_source_that_is_not_reachable(fake: Fake) -> None:
    """The plugin's upstream may be missing on the build machine."""
    answers = {
        **fake.says(HEALTH, {"status": 2, "message": "connection refused"}),
        **fake.says(QUERY, {"responses": {"A": {"status": 502, "error": "connection refused"}}}),
    }

    assert smoke(fake.target(answers=answers)).health.status == "ERROR"


@pytest.mark.parametrize(
    ("health", "query", "message", "details"),
    [
        ({"status": 2, "jsonDetails": LOAD_ERROR}, {}, "ImportError: no pandas", "Traceback"),
        ({"status": 1}, {QUERY: {"code": "INTERNAL", "details": "no arrow"}}, "no arrow", ""),
        ({"status": 2, "message": NO_FILE}, {}, r"health failed in the bundle: .*botocore/data", ""),
    ],
    ids=["code does not load", "a query fails as a whole", "a file is missing"],
)
def test_a_smoke_start_refuses_a_broken_bundle(
    fake: Fake, health: dict[str, Any], query: dict[str, Any], message: str, details: str
) -> None:
    """The error has the plugin's traceback, not only "plugin failed"."""
    with pytest.raises(ToolError, match=message) as caught:
        smoke(fake.target(answers={**fake.says(HEALTH, health), **query}))

    assert caught.value.details.startswith(details)


@pytest.mark.shows("errors: a file that your code")
@pytest.mark.parametrize("error", [NO_FILE, "ModuleNotFoundError: No module named 'yaml.reader'"])
def test_a_smoke_start_refuses_a_query_that_misses_a_part_of_the_bundle(fake: Fake, error: str) -> None:
    """A missing upstream cannot cause this error, and the hint has the entry for `plugin.spec`."""
    answers = {
        **fake.says(HEALTH, {"status": 1}),
        **fake.says(QUERY, {"responses": {"A": {"status": 500, "error": error}}}),
    }
    with pytest.raises(ToolError, match=r"^the query failed in the bundle: \w+: .*No ") as caught:
        smoke(fake.target(answers=answers))

    assert "plugin.spec" in caught.value.hint


def test_secrets_stay_out_of_reprs() -> None:
    """The reprs of settings, and of their source mappings, show no secret."""
    settings = Settings.from_mapping({"url": "u", "secureJsonData": {"token": "hush"}})

    assert "hush" not in repr(settings)
    assert settings.secrets == {"token": "hush"}
