"""A data source that can't even be imported: the plugin stays up and says why."""

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

BROKEN = '"""Broken."""\n\nimport no_such_package\n'
WORDS = "ModuleNotFoundError: No module named 'no_such_package'"


@pytest.fixture(scope="module")
def broken(programs: Programs) -> Path:
    """Give a plugin whose datasource.py raises when imported."""
    return programs.variant("broken", BROKEN)


def test_health_says_why(host: Host, broken: Path) -> None:
    """Health is ERROR with the exception's text; the traceback is in the details. The end is as clean as any."""
    plugin = host.start(broken)
    answer = plugin.health()
    details = json.loads(answer["details"])

    assert (answer["status"], answer["message"]) == ("ERROR", WORDS)
    assert details["loadError"] == WORDS
    assert "datasource.py" in details["verboseMessage"]
    ends_well(plugin)


def test_every_query_says_why_and_one_log_line_has_the_traceback(host: Host, broken: Path) -> None:
    """Each query has the same error, and the call itself succeeds; the log has the traceback once (item 42)."""
    plugin = host.start(broken)
    plugin.health()
    answers = plugin.query(query("A"), query("B"))
    lines = [entry for entry in plugin.logs() if "Traceback" in json.dumps(entry)]

    assert [WORDS in answers[ref]["error"] for ref in "AB"] == [True, True]
    assert [answers[ref]["status"] for ref in "AB"] == [500, 500]
    assert [entry["level"] for entry in lines] == ["error"]
