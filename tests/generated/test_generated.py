"""Every combination of answers gives a project that passes its own checks, and starts."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from commands import Ended, python
from exampleapi import example_api
from projects import SALES, new_project

from gfplug.scaffold.choices import ADOPTED, EXAMPLES

CHECKS = {
    "lint": ["ruff", "check", "--no-cache"],
    "format": ["ruff", "format", "--check", "--no-cache"],
    "types": ["mypy"],
    "tests": ["pytest", "-q", "-p", "no:cacheprovider"],
}
FIELDS = (
    {"config": ["seed"], "query": ["signal", "period", "amplitude", "series"]},
    {"config": ["url", "token", "timeout"], "query": ["path", "time", "value", "labels"]},
    {
        "config": ["address", "password", "account_reads_only", "rows", "seconds", "connections"],
        "query": ["sql", "format"],
    },
    {"config": ["files"], "query": ["aggregate", "regions"]},
    {"config": ["folder"], "query": ["show", "search", "levels", "limit"]},
    {"config": [], "query": ["hertz"]},
    {
        "config": [
            *("scheduler", "tls_ca", "tls_cert", "tls_key", "token", "workers", "memory", "timeout"),
            *("folder", "time", "period"),
        ],
        "query": ["aggregate", "value", "label", "only"],
    },
)
AWKWARD = """R&D "<Größen>" {= 7*7 =} {{ x }} 'é' 😀"""


DEFAULT = (EXAMPLES[0], "backend", "Sales")
COMBINATIONS = [*((example, "backend", AWKWARD) for example in EXAMPLES), ("http", "hybrid", "Sales")]


@pytest.fixture(
    scope="module",
    params=[DEFAULT, *(pytest.param(each, marks=pytest.mark.long) for each in COMBINATIONS)],
    ids=str,
)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with `gfplug new`, in a folder whose name contains a space."""
    example, mode, title = request.param
    answers = replace(SALES, title=title, description=f"{title}, described", author=title, example=example, mode=mode)
    return new_project(tmp_path_factory.mktemp("generated") / "my project", answers)


def _run(project: Path, *words: str) -> Ended:
    """Run a module with this interpreter, in the project, as its README says."""
    names = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "MYPY_CACHE_DIR")
    return python(*words, cwd=project, env={key: os.environ[key] for key in names if key in os.environ})


@pytest.mark.parametrize("check", CHECKS)
def test_a_project_passes_its_own_checks(project: Path, check: str) -> None:
    """The test does the same as the user's first CI run."""
    done = _run(project, *CHECKS[check])

    assert done.code == 0, done.out + done.err
    if "node is not on PATH" in done.out:
        pytest.skip("install Node.js 20: the project's own test of its hooks was skipped")


@pytest.mark.long
@pytest.mark.parametrize("frontend", ["react", ADOPTED])
def test_a_project_with_a_frontend_of_its_own_passes_its_own_checks(frontend: str, tmp_path: Path) -> None:
    """Other files do not affect Python's tools."""
    project = new_project(tmp_path / "project", replace(SALES, frontend=frontend))
    for words in CHECKS.values():
        done = _run(project, *words)

        assert done.code == 0, done.out + done.err


def test_a_plugin_run_by_hand_says_what_it_is(project: Path) -> None:
    """Every module can be imported; without Grafana's cookie it explains itself and ends."""
    done = _run(project / "src", "plugin")

    assert (done.code, done.out) == (1, "")
    assert "Grafana" in done.err
    assert "Traceback" not in done.err


def test_the_editors_show_the_authors_fields(project: Path) -> None:
    """The build reads this schema in the project's environment."""
    done = _run(project / "src", "gfruntime.author.schema", "plugin.datasource:Datasource")
    schema = json.loads(done.out)

    field_names = {part: [field["name"] for field in schema[part]["fields"]] for part in ("config", "query")}

    assert field_names in FIELDS


def test_one_of_the_alert_rules_two_alerts_fires(project: Path) -> None:
    """It is the provisioned rule with the plugin's answer; `gfplug call query --alert` finds the rule."""
    with example_api(project) as url:
        words = ["call", "query", "--alert", "--python", sys.executable, *(["--url", url] if url else [])]
        done = _run(project, "gfplug", *words)

    assert done.code == 0, done.err
    verdicts = [line.strip().partition(":")[0] for line in done.out.splitlines()[1:]]
    assert sorted(verdicts) == ["would fire", "would not fire"]
