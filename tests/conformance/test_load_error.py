"""A data source that can't be imported: the plugin continues, and reports the reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from messages import query
from processes import ends_well

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host
    from programs import Programs

FAILURES = {
    "broken": ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
    "exits": ("raise SystemExit(3)", "SystemExit: 3"),
}
"""By the project's name: the failing line, and its message."""


@pytest.fixture(scope="module", params=FAILURES)
def broken(request: pytest.FixtureRequest, programs: Programs) -> tuple[Path, str]:
    """Return a plugin whose datasource.py raises at import, and the exception's text."""
    line, text = FAILURES[request.param]
    return programs.variant(request.param, f'"""Broken."""\n\n{line}\n'), text


@pytest.mark.shows("errors: the process ends")
def test_health_shows_the_load_error(host: Host, broken: tuple[Path, str]) -> None:
    """Health is ERROR with the exception's text, and the traceback in its details. The plugin ends cleanly."""
    command, text = broken
    plugin = host.start(command)
    answer = plugin.health()
    details = json.loads(answer["details"])

    assert (answer["status"], answer["message"]) == ("ERROR", text)
    assert details["loadError"] == text
    assert "datasource.py" in details["verboseMessage"]
    ends_well(plugin)


@pytest.mark.shows("protocol 42", "errors: the process ends")
def test_every_query_has_the_load_error_and_one_log_line_has_the_traceback(
    host: Host, broken: tuple[Path, str]
) -> None:
    """Each query has the same error, and the call itself succeeds; the log has the traceback once (item 42)."""
    command, text = broken
    plugin = host.start(command)
    plugin.health()
    answers = plugin.query(query("A"), query("B"))
    lines = [entry for entry in plugin.logs() if "Traceback" in json.dumps(entry)]

    assert {ref: (answer["error"], answer["status"]) for ref, answer in answers.items()} == dict.fromkeys(
        "AB", (text, 500)
    )
    assert [entry["level"] for entry in lines] == ["error"]
