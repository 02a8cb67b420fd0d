"""How the real client reads the plugin's log lines."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from messages import query
from processes import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host, Plugin

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
LEVELS = {"trace", "debug", "info", "warn", "error"}


def wait_for_entry(plugin: Plugin, words: str) -> dict[str, Any]:
    """Wait for a log record with these words in its message."""
    eventually(lambda: any(words in entry["message"] for entry in plugin.logs()), within_s=5)
    return next(entry for entry in plugin.logs() if words in entry["message"])


@pytest.mark.shows("protocol 44")
def test_a_line_arrives_with_level_and_fields(running: Plugin) -> None:
    """The client parses the author's line: level, text, fields, and the request's fields (items 37, 44)."""
    running.query(query(kind="log"))
    entry = wait_for_entry(running, "the probe speaks")

    assert entry["level"] == "warn"
    assert (entry["fields"]["table"], entry["fields"]["rows"]) == ("sales", 3)
    assert entry["fields"]["pluginId"] == "gfplug-probe-datasource"
    assert entry["fields"]["endpoint"] == "queryData"
    assert entry["fields"]["dsUid"] == "ds-1"


@pytest.mark.shows("protocol 42")
def test_an_unexpected_exception_is_one_error_line(running_python: Plugin) -> None:
    """The exception is logged once at level error, with the traceback in a field (item 42)."""
    running_python.query(query(kind="raise"))
    eventually(lambda: [entry for entry in running_python.logs() if entry["level"] == "error"], within_s=5)
    lines = [entry for entry in running_python.logs() if "Traceback" in json.dumps(entry)]

    assert len(lines) == 1
    assert lines[0]["level"] == "error"
    assert "something nobody meant" in json.dumps(lines[0])


@pytest.mark.shows("protocol 37", "protocol 39")
def test_every_line_is_hclog_json(host: Host, any_plugin: Path) -> None:
    """From start to end each line on stderr is an object with text, level and timestamp, none too long (37-41)."""
    plugin = host.start(any_plugin)
    plugin.health()
    plugin.query(query(kind="raise"), query("B", kind="fail"), query("C"))
    plugin.kill()
    lines = [json.loads(line) for line in plugin.stderr().splitlines()]

    assert lines
    assert all(isinstance(line["@message"], str) and line["@level"] in LEVELS for line in lines)
    assert all(TIMESTAMP.fullmatch(line["@timestamp"]) for line in lines)
    assert all(len(line) < 60 * 1024 for line in plugin.stderr().splitlines())


@pytest.mark.shows("protocol 40", "protocol 41")
def test_odd_fields_can_not_harm_grafana(host: Host, python_probe: Path) -> None:
    """Fields named like hclog's, NaN, objects and a long text arrive as one valid line (40, 41, 43)."""
    plugin = host.start(python_probe)
    plugin.query(query(kind="odd log"))
    entry = wait_for_entry(plugin, "oddly")

    assert entry["level"] == "error"
    assert len(entry["fields"]["long"]) < 60 * 1024


@pytest.mark.shows("protocol 40")
def test_what_user_code_writes_to_stderr_can_not_harm_grafana(host: Host, python_probe: Path) -> None:
    """A line on stderr or stdout that only resembles a log line is not taken for a panic, and is not lost (37, 40)."""
    plugin = host.start(python_probe)
    assert plugin.query(query(kind="stderr"))["A"]["status"] == 200
    eventually(lambda: json.dumps(plugin.logs()).count("@message") >= 3, within_s=5)

    assert plugin.health()["status"] == "OK"
