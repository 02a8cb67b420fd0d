"""A project's own tests of Grafana's pages, run with the pages of `gfplug preview`, without Grafana.

The query editor, a panel and its legend are Grafana's real ones. The elements around them, and the page of the alert
rule, are not: only a real Grafana, which `GRAFANA_URL` names, can test these.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import grafana
import pytest
from commands import python
from exampleapi import example_api
from pagesofgrafana import PagesOfGrafana
from projects import SALES, new_project

from gfplug.bundle.preview_session import PreviewOptions, open_preview

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(900)]

CONFIG, EDITOR = "the_config_page_saves_its_fields", "the_query_editor_runs_its_query"
PANEL, RULE = "a_panel_draws_its_series", "the_page_of_the_alert_rule_shows_that_it_fires"
ALL = {CONFIG, EDITOR, PANEL, RULE}


@contextmanager
def pages(folder: Path, example: str, version: str) -> Iterator[PagesOfGrafana]:
    """Show a new project, with its API, in the pages."""
    project = new_project(folder, replace(SALES, example=example))
    page = grafana.page(version, development=True)
    with example_api(project) as url:
        path = project / "provisioning/datasources/datasource.yaml"
        path.write_text(path.read_text(encoding="utf-8").replace("http://example-api:8000", url), encoding="utf-8")
        options = PreviewOptions(target=project, python=Path(sys.executable))
        with (
            open_preview(options, page=page) as preview,
            PagesOfGrafana(project, preview.url, page) as server,
        ):
            yield server


def outcome(server: PagesOfGrafana, **more: str) -> tuple[set[str], set[str], str]:
    """Run the project's tests of pages as its README says; return the passed ones, the failed ones, and the output."""
    chromium = grafana.program("chromium", "chromium-browser", "google-chrome")
    inherited = {key: text for key, text in os.environ.items() if not key.startswith(("GRAFANA_", "PYTEST_"))}
    environment = {**inherited, "CHROMIUM": chromium, "GRAFANA_URL": server.url, "COLUMNS": "400", **more}
    words = ["pytest", "-m", "grafana", "-rA", "-p", "no:cacheprovider", "tests/test_grafana_pages.py"]
    done = python(*words, cwd=server.provisioning.parent, env=environment)
    passed, failed = (
        {name for name in ALL if re.search(rf"^({words}) \S+::test_{name}\b", done.out, re.MULTILINE)}
        for words in ("PASSED", "FAILED|ERROR")
    )
    return passed - failed, failed, done.out + done.err


@pytest.mark.parametrize(("example", "version"), [("http", "11"), ("signals", "13")])
def test_correct_pages_pass_all_tests(example: str, version: str, tmp_path: Path) -> None:
    """Typing stores and runs queries, the panels have lines, the rule fires; a stored secret is not typed again."""
    with pages(tmp_path / "project", example, version) as server:
        passed, failed, output = outcome(server)

    assert (passed, failed) == (ALL, set()), output
    (stored,) = server.stored
    assert stored["jsonData"] == ({"timeout": 10} if example == "http" else {"seed": 0})
    assert not stored.get("secureJsonData")


def test_faulty_pages_fail_all_tests(tmp_path: Path) -> None:
    """Each failure has a message that names the problem."""
    normal = {"rules": [{"rule": "Sales", "instances": [{"labels": {}, "state": "NORMAL", "value": 0}]}]}
    with pages(tmp_path / "project", "http", "13") as server:
        server.overrides = {
            "/api/datasources/uid/sales/health": (400, {"status": "ERROR", "message": "no such host"}),
            "/api/ds/query": (400, {"results": {"A": {"error": "no such table", "status": 400}}}),
            "/preview/alerts": (200, normal),
        }
        passed, failed, output = outcome(server, GRAFANA_PATIENCE="0.05")

    assert (passed, failed) == (set(), ALL), output
    for words in ("no such host", "no such table", "the panel shows an error", "the page shows 'Normal'"):
        assert words in output, output
