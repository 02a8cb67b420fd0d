"""A project's Grafana tests: in a real Grafana if available, and against a fake that misbehaves."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from commands import python
from exampleapi import example_api
from fakegrafana import FakeGrafana
from projects import SALES, new_project

from gfplug.host import call
from gfplug.scaffold.choices import EXAMPLES

pytestmark = pytest.mark.long

URL = os.environ.get("GRAFANA_URL", "")
HEALTH, PANELS, RULE = "save_and_test_says_ok", "a_panels_queries_return_rows", "a_provisioned_alert_rule_fires"
ALL = {HEALTH, PANELS, RULE}
PAGES = {"the_config_page", "the_query_editor", "a_panel_draws_its_series", "the_page_of_the_alert_rule"}
STATES = "/api/prometheus/grafana/api/v1/rules"


def new_example(folder: Path, example: str = EXAMPLES[0], mode: str = "backend") -> Path:
    """Make a project as `gfplug new acme-sales` does."""
    return new_project(folder, replace(SALES, example=example, mode=mode))


def outcome(project: Path, file: str = "test_grafana.py", **environment: str) -> tuple[set[str], set[str], str]:
    """Run a file of the project's Grafana tests; return the passed tests, the others, and the output."""
    without = {key: text for key, text in os.environ.items() if not key.startswith(("GRAFANA_", "PYTEST_"))}
    words = ["pytest", "-m", "grafana", "-rA", "-p", "no:cacheprovider", f"tests/{file}"]
    done = python(*words, cwd=project, env={**without, "COLUMNS": "400", **environment})
    passed, failed = (
        {name for name in ALL | PAGES if re.search(rf"^({words}) tests/{file}::test_{name}", done.out, re.MULTILINE)}
        for words in ("PASSED", "FAILED|ERROR")
    )
    assert (done.code == 0) == (not failed), done.out + done.err
    return passed - failed, failed, done.out


@dataclass(frozen=True)
class Provisioned:
    """A project, and the fake Grafana that it is provisioned in."""

    project: Path
    grafana: FakeGrafana

    def run(self, *, patience: float = 0.005, **environment: str) -> tuple[set[str], set[str], str]:
        """Run the project's tests against the fake; they wait only if it must be read twice."""
        return outcome(
            self.project, **{"GRAFANA_URL": self.grafana.url, "GRAFANA_PATIENCE": str(patience), **environment}
        )


@contextmanager
def provisioned(project: Path, *, has_api: bool = True) -> Iterator[Provisioned]:
    """Run a project's plugin, the API that it calls, and a fake Grafana around it."""
    place = call.resolve_target(project, python=Path(sys.executable))
    with example_api(project) as url:
        settings = call.settings(place, call.Overrides(url=url if url and has_api else "http://127.0.0.1:9"))
        with call.plugin(place, timeout=60) as plugin, FakeGrafana(project, plugin, settings) as server:
            yield Provisioned(project, server)


@pytest.fixture(scope="module")
def signals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provisioned]:
    """Provision the default example, once."""
    with provisioned(new_example(tmp_path_factory.mktemp("grafana") / "project")) as here:
        yield here


@pytest.fixture
def here(signals: Provisioned) -> Iterator[Provisioned]:
    """Remove the fake's overrides after a test."""
    signals.grafana.looks = 0
    yield signals
    signals.grafana.overrides.clear()


@pytest.mark.parametrize(
    ("example", "mode"), [*((example, "backend") for example in EXAMPLES), ("http", "hybrid")], ids=str
)
def test_a_working_grafana_passes_all_tests(tmp_path: Path, example: str, mode: str) -> None:
    """The data source is healthy, the dashboard's queries return frames, and the rule fires after its evaluation."""
    with provisioned(new_example(tmp_path / "project", example, mode)) as here:
        passed, failed, output = here.run(patience=0.1)

    assert (passed, failed) == (ALL, set()), output
    assert here.grafana.looks == 3


def test_an_unreachable_api_fails_all_tests(tmp_path: Path) -> None:
    """Nothing is faked: the plugin calls an address where no server listens."""
    with provisioned(new_example(tmp_path / "project", "http"), has_api=False) as here:
        here.grafana.looks = 10
        passed, failed, output = here.run()

    assert (passed, failed) == (set(), ALL), output
    assert output.count("could not be asked") >= 3


MISDEEDS = {
    "not ready": ("/api/health", (503, {"database": "failing"}), ALL, "Grafana is not ready"),
    "no data source": ("/api/datasources", (200, []), ALL, "no data source of the type acme-sales-datasource"),
    "ill": (
        "/api/datasources/uid/sales/health",
        (400, {"status": "ERROR", "message": "no such host"}),
        {HEALTH},
        "no such host",
    ),
    "query error": (
        "/api/ds/query",
        (400, {"results": {"A": {"error": "no such table", "status": 400}}}),
        {PANELS},
        "no such table",
    ),
    "frames without rows": (
        "/api/ds/query",
        (200, {"results": {"A": {"status": 200, "frames": [{"schema": {}, "data": {"values": [[], []]}}]}}}),
        {PANELS},
        "no rows",
    ),
    "no rule": ("/api/v1/provisioning/alert-rules", (200, []), {RULE}, "no alert rule queries the data source"),
    "never evaluated": (STATES, (200, {"data": {"groups": []}}), {RULE}, "none is evaluated yet"),
    "alert engine away": (STATES, (500, {"message": "no database"}), {RULE}, "no database"),
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_a_fault_of_grafana_fails_only_the_test_for_it(here: Provisioned, misdeed: str) -> None:
    """Only this test fails, with Grafana's message."""
    path, answer, expected, words = MISDEEDS[misdeed]
    here.grafana.overrides[path] = answer

    passed, failed, output = here.run()

    assert (passed, failed) == (ALL - expected, expected), output
    assert words in output


def test_a_rule_that_never_fires_fails(here: Provisioned) -> None:
    """The threshold is out of reach: Grafana evaluates the rule, and reports it as inactive."""
    rules = here.project / "provisioning" / "alerting" / "rules.yaml"
    before = rules.read_text(encoding="utf-8")
    rules.write_text(re.sub(r"params: \[\d+\]", "params: [1000000]", before), encoding="utf-8")
    here.grafana.looks = 10
    try:
        passed, failed, output = here.run()
    finally:
        rules.write_text(before, encoding="utf-8")

    assert (passed, failed) == ({HEALTH, PANELS}, {RULE}), output
    assert "is inactive" in output


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"GRAFANA_PASSWORD": "wrong"}, "Invalid username or password"),
        ({"GRAFANA_URL": "http://127.0.0.1:9"}, "http://127.0.0.1:9/api/health"),
    ],
    ids=["a wrong password", "nothing listens"],
)
def test_a_grafana_that_cannot_be_reached_is_reported(
    here: Provisioned, environment: dict[str, Any], words: str
) -> None:
    """Address and token come from the environment; the message has the address."""
    _, failed, output = here.run(**environment)

    assert failed == ALL
    assert words in output


def test_without_a_grafana_the_tests_are_skipped_with_a_reason(signals: Provisioned) -> None:
    """The project's fast checks need none."""
    passed, failed, output = outcome(signals.project)

    assert (passed, failed) == (set(), set())
    assert "GRAFANA_URL is not set" in output


@pytest.mark.grafana
@pytest.mark.skipif(
    not URL, reason="GRAFANA_URL is not set: start docker-compose.yaml of a built `gfplug new acme-sales`"
)
@pytest.mark.timeout(600)
def test_the_project_works_in_a_real_grafana(tmp_path: Path) -> None:
    """The Grafana at GRAFANA_URL runs the project acme-sales; GRAFANA_EXAMPLE names its example, else signals."""
    project = new_example(tmp_path / "project", os.environ.get("GRAFANA_EXAMPLE", EXAMPLES[0]))
    variables = {key: text for key, text in os.environ.items() if key.startswith("GRAFANA_")}

    for file, names in (("test_grafana.py", ALL), ("test_grafana_pages.py", PAGES)):
        passed, failed, output = outcome(project, file, **variables)

        assert (passed, failed) == (names, set()), output
