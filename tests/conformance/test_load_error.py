"""A data source that can't even be imported: the plugin stays up and says why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from messages import query

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host
    from programs import Programs

BROKEN = '"""Broken."""\n\nimport no_such_package\n'
WORDS = "ModuleNotFoundError: No module named 'no_such_package'"


@pytest.fixture(scope="module")
def broken(programs: Programs) -> Path:
    """Give a plugin whose datasource.py raises when imported."""
    return programs.variant("broken", BROKEN)


def test_health_says_why(host: Host, broken: Path) -> None:
    """Health is ERROR with the exception's text; the traceback is in the details."""
    answer = host.start(broken).health()
    details = json.loads(answer["details"])

    assert (answer["status"], answer["message"]) == ("ERROR", WORDS)
    assert details["loadError"] == WORDS
    assert "datasource.py" in details["verboseMessage"]


def test_every_query_says_why(host: Host, broken: Path) -> None:
    """Each query has the same error, and the call itself succeeds."""
    answers = host.start(broken).query(query("A"), query("B"))

    assert [WORDS in answers[ref]["error"] for ref in "AB"] == [True, True]
    assert [answers[ref]["status"] for ref in "AB"] == [500, 500]


def test_one_log_line_has_the_traceback(host: Host, broken: Path) -> None:
    """The log has the traceback once, at level error (item 42)."""
    plugin = host.start(broken)
    plugin.health()
    plugin.query(query())
    lines = [entry for entry in plugin.logs() if "Traceback" in json.dumps(entry)]

    assert [entry["level"] for entry in lines] == ["error"]


def test_it_ends_cleanly(host: Host, broken: Path) -> None:
    """Kill needs no force."""
    plugin = host.start(broken)
    plugin.health()

    assert not plugin.kill()["forced"]
