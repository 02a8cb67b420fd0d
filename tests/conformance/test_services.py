"""Health, resources, metrics, and services that a data source lacks."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
from hostclient import Host, HostError
from messages import context, query, settings
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Plugin
    from programs import Programs
    from prometheus_client import Metric


@pytest.mark.shows("protocol 62")
def test_health_has_status_message_and_details(running: Plugin) -> None:
    """A healthy data source answers OK; its details are a JSON object (item 62)."""
    answer = running.health()

    assert (answer["status"], answer["message"]) == ("OK", "the probe is well")
    assert json.loads(answer["details"]).keys() == {"instance"}


def test_bad_health_is_an_answer(running: Plugin) -> None:
    """A data source that reports a problem answers ERROR with its message (item 62)."""
    answer = running.health(settings({"health": "error"}, uid="ill", number=2))

    assert (answer["status"], answer["message"]) == ("ERROR", "no such host")


@pytest.mark.shows("protocol 63")
def test_health_is_answered_without_a_data_source(running_python: Plugin) -> None:
    """The plugin answers a health check without a configured data source (item 63)."""
    answer = running_python.ask("check_health", request={"pluginContext": context(dataSourceInstanceSettings=None)})

    assert answer["status"] in {"OK", "ERROR", "UNKNOWN"}


@pytest.mark.shows("protocol 67")
def test_resource_sees_the_request(running: Plugin) -> None:
    """Method, path, repeated query parameters and headers arrive, and response headers are complete (item 67)."""
    answer = running.resource("echo?name=a&name=b%20c&empty=", method="PUT", headers={"Accept": ["text/a", "text/b"]})

    assert answer.code == 200
    assert json.loads(answer.body) == {
        "method": "PUT",
        "path": "echo",
        "query": {"name": ["a", "b c"], "empty": [""]},
        "accept": ["text/a", "text/b"],
    }
    assert answer.headers["x-twice"] == ["one", "two"]
    assert answer.headers["content-type"] == ["application/json"]


@pytest.mark.shows("protocol 67")
def test_resource_bodies_are_bytes(running: Plugin) -> None:
    """All bytes arrive unchanged in both directions, and the status is the handler's (item 67)."""
    body = bytes(range(256)) * 5000
    answer = running.resource("bytes", method="POST", body=body)

    assert (answer.code, answer.body) == (201, body)


@pytest.mark.shows("protocol 65")
def test_resource_without_content_is_one_message(running: Plugin) -> None:
    """Status 204 also sends a message, because without a message Grafana reports an error (item 65)."""
    answer = running.resource("nothing")

    assert (answer.code, answer.body) == (204, b"")


@pytest.mark.shows("protocol 65")
def test_only_the_first_message_has_code_and_headers(running: Plugin) -> None:
    """Any number of messages may follow (item 65)."""
    answer = running.resource("bytes", method="POST", body=b"x" * (5 << 20))

    assert answer.code == 201
    assert all(part["code"] in {0, 201} for part in answer.parts[1:])


@pytest.mark.shows("protocol 66")
def test_unknown_resource_is_404_in_json(running: Plugin) -> None:
    """An unknown path gets the handler's 404 (item 66)."""
    answer = running.resource("no/such/path")

    assert answer.code == 404
    assert "message" in json.loads(answer.body)


FAMILIES = {
    "grafana_plugin_request": "counter",
    "grpc_server_handled": "counter",
    "grpc_server_handling_seconds": "histogram",
    "plugins_active_instances": "gauge",
    "plugins_datasource_instances": "counter",
    "process_resident_memory_bytes": "gauge",
}


def scrape(plugin: Plugin) -> dict[str, Metric]:
    """Collect a plugin's metrics, read by Prometheus' parser: by family, counters without `_total`."""
    text = plugin.ask("collect_metrics", request={})["prometheus"]
    assert text.endswith("\n")
    return {family.name: family for family in text_string_to_metric_families(text)}


@pytest.mark.shows("protocol 64")
def test_metrics_are_prometheus_text(running_python: Plugin) -> None:
    """CollectMetrics answers Prometheus' text with the SDK's families and types, and counts a query (item 64)."""
    running_python.query(query())
    before = scrape(running_python)
    running_python.query(query())
    after = scrape(running_python)

    labels = {"endpoint": "queryData", "status": "ok", "status_source": "plugin"}
    counts = [
        [each.value for each in families["grafana_plugin_request"].samples if each.labels == labels]
        for families in (before, after)
    ]
    assert {name: after[name].type for name in FAMILIES} == FAMILIES
    assert counts[1] == [counts[0][0] + 1]


@pytest.fixture(scope="module")
def plain(programs: Programs, host_program: Path) -> Iterator[Plugin]:
    """Run a data source that answers only queries, health checks and resources."""
    with Host(host_program) as host:
        yield host.start(programs.source("signals"))


@pytest.mark.shows("protocol 47", "protocol 72")
@pytest.mark.parametrize("op", ["subscribe", "publish", "validate", "mutate", "convert_objects", "query_chunked"])
def test_a_call_without_a_handler_is_unimplemented(plain: Plugin, op: str) -> None:
    """A call without a handler is UNIMPLEMENTED, and the host continues without it (items 47, 72)."""
    with pytest.raises(HostError) as caught:
        plain.ask(op, request={"pluginContext": context()})

    assert caught.value.code == "Unimplemented"


def test_a_plugin_without_streams_runs_none(plain: Plugin) -> None:
    """RunStream without a handler ends with UNIMPLEMENTED (item 47)."""
    answer = plain.ask("run_stream", request={"pluginContext": context(), "path": "prices"})

    assert answer["error"]["code"] == "Unimplemented"


@pytest.mark.shows("protocol 65")
def test_resource_is_streamed_as_it_is_made(running: Plugin) -> None:
    """Each part of a streamed body is a message; the first has code and headers (item 65)."""
    answer = running.resource("parts")
    bodies = [base64.b64decode(part["body"]) for part in answer.parts]

    assert answer.code == 200
    assert [body for body in bodies if body] == [b"part 0\n", b"part 1\n", b"part 2\n"]


def admission(text: bytes) -> dict[str, object]:
    """Send an admission request for an object before the data source exists."""
    return {
        "pluginContext": context(dataSourceInstanceSettings=None),
        "kind": {"group": "g", "version": "v1", "kind": "Thing"},
        "object_bytes": base64.b64encode(text).decode(),
    }


@pytest.mark.shows("protocol 73")
def test_admission_is_answered_without_a_data_source(running: Plugin) -> None:
    """Objects are allowed with warnings, refused with a result, and changed (item 73)."""
    allowed = running.ask("validate", request=admission(b"old"))
    validation = running.ask("validate", request=admission(b""))
    mutation = running.ask("mutate", request=admission(b"old"))

    assert (allowed["allowed"], allowed["warnings"]) == (True, ["Thing"])
    assert (validation["allowed"], validation["result"]["status"], validation["result"]["message"]) == (
        False,
        "Failure",
        "no object",
    )
    assert base64.b64decode(mutation["objectBytes"]) == b"new old"


@pytest.mark.shows("protocol 73")
def test_conversion_keeps_uid_and_order(running: Plugin) -> None:
    """Every object is returned in its position (item 73)."""
    raw = [base64.b64encode(text).decode() for text in (b"1", b"2", b"3")]
    objects = [{"raw": text, "contentType": "application/json"} for text in raw]
    target = {"group": "g", "version": "v2"}
    request = {"pluginContext": context(), "uid": "u", "objects": objects, "targetVersion": target}
    answer = running.ask("convert_objects", request=request)

    assert (answer["uid"], answer["result"]["status"]) == ("u", "Success")
    assert [base64.b64decode(item["raw"]) for item in answer["objects"]] == [b"v2 1", b"v2 2", b"v2 3"]
