"""`gfplug check` migrates saved queries and options in the project's interpreter, and checks the result."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from projects import new_project

from gfplug.bundle.frontend import linker
from gfplug.checks import dashboards
from gfplug.cli import main
from gfplug.errors import ProjectError
from gfplug.project.plugin_project import Project

PYTHON = Path(sys.executable)
MODULE = "src/plugin/datasource.py"
RULES, BOARD = "provisioning/alerting/rules.yaml", "provisioning/dashboards/example.json"
SOURCE = "provisioning/datasources/datasource.yaml"
ID = "acme-sales-datasource"
OLD = "an older version saved it, so it is migrated each time it is read"
MIGRATE = '''
    @staticmethod
    def migrate(old: dict[str, object]) -> dict[str, object]:
        """Rename what had another name."""
        print("noise")
        if "{old}" in old:
            old["{new}"] = {value}
        return old
'''


def change(project: Path, file: str, old: str, new: str) -> None:
    """Change a file of the project."""
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")


def add(project: Path, last_line: str, **names: str) -> None:
    """Add a migration to the class whose last field begins with a text."""
    text = (project / MODULE).read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if line.strip().startswith(last_line))
    names = {"value": f'old.pop("{names["old"]}")', **names}
    change(project, MODULE, line, line + "\n" + MIGRATE.format(**names).rstrip())


@pytest.fixture(scope="module")
def pristine_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project."""
    return new_project(tmp_path_factory.mktemp("project") / ID)


@pytest.fixture
def project(pristine_project: Path) -> Any:
    """Return the project, and restore its files afterwards."""
    before = {name: (pristine_project / name).read_text(encoding="utf-8") for name in (MODULE, RULES, BOARD, SOURCE)}
    yield pristine_project
    for name, text in before.items():
        (pristine_project / name).write_text(text, encoding="utf-8")


def check(project: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[tuple[str, str, str, str]]]:
    """Check the project; return the exit code, and the findings about provisioned files."""
    code = main(["check", str(project), "--python", str(PYTHON), "--json"])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return code, [
        (each["level"], each["rule"], each["where"].partition(":")[0], each["message"])
        for each in findings
        if each["where"].startswith("provisioning/")
    ]


def test_provisioned_values_of_an_older_version_are_reported_and_accepted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """These are a rule, a dashboard and options; a print() in the author's code is not read as the answer."""
    add(project, "seed: Annotated", old="number", new="seed")
    add(project, "series: Annotated", old="seconds", new="period")
    assert check(project, capsys) == (0, [])
    change(project, RULES, "period: 600", "seconds: 600")
    change(project, BOARD, '"period": 600', '"seconds": 600')
    change(project, SOURCE, "seed: 0", "number: 0")

    assert check(project, capsys) == (
        0,
        [
            ("note", "migration", SOURCE, OLD),
            ("note", "migration", BOARD, OLD),
            ("note", "migration", RULES, OLD),
        ],
    )


def test_migrated_values_are_checked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Limits and unknown keys are findings, as in a current query."""
    add(project, "seed: Annotated", old="number", new="seed")
    add(project, "series: Annotated", old="seconds", new="period", value='old.pop("seconds") / 600')
    change(project, RULES, "period: 600", "seconds: 60")
    change(project, BOARD, '"period": 600', '"perod": 600')
    change(project, SOURCE, "seed: 0", "number: 0\n      hots: a")
    code, findings = check(project, capsys)

    assert code == 3
    assert [(level, rule, where) for level, rule, where, _ in findings if level == "error"] == [
        ("error", "unknown-option", SOURCE),
        ("error", "unknown-field", BOARD),
        ("error", "saved-query", RULES),
    ]
    assert [message for level, _, where, message in findings if level == "error" and where == RULES] == [
        "field 'period': 0.1 is below the minimum 1"
    ]


@pytest.mark.parametrize(
    ("value", "seconds", "level", "message"),
    [
        ('old.pop("gone")', "600", "error", "Model.migrate failed: KeyError: 'gone'"),
        ('float(old.pop("seconds"))', "$x", "warning", "Model.migrate failed: ValueError: could not convert string"),
        ('old["seconds"]; return None', "600", "error", "Model.migrate returned NoneType; expected a dict"),
        ('old["seconds"]; old["seconds"] += 1', "600", "error", "`migrate` changes its own result"),
    ],
)
def test_a_failed_migration_is_reported_with_its_file(  # noqa: PLR0917 - the columns of a table
    project: Path, capsys: pytest.CaptureFixture[str], value: str, seconds: str, level: str, message: str
) -> None:
    """A variable is no error, since it is filled in before the query; the other queries are checked."""
    add(project, "series: Annotated", old="seconds", new="period", value=value)
    change(project, RULES, "period: 600", f"seconds: {seconds}")
    code, findings = check(project, capsys)
    migrations = [
        (severity, where, text)
        for severity, rule, where, text in findings
        if rule == "migration" and severity != "note"
    ]

    assert code == (3 if level == "error" else 0)
    assert [(severity, where) for severity, where, _ in migrations] == [(level, RULES)]
    assert migrations[0][2].startswith(message)


def judge(project: Path, *queries: dict[str, Any]) -> list[tuple[str, str]]:
    """Check a dashboard; return level and message of each finding."""
    board = project.parent / "board.json"
    targets = [{"refId": chr(65 + place), **query} for place, query in enumerate(queries)]
    board.write_text(json.dumps({"panels": [{"datasource": {"type": ID, "uid": "x"}, "targets": targets}]}))
    project_again = Project.find(project)
    report = dashboards.check_queries(project_again, linker.read_schema(project_again, PYTHON), [board], python=PYTHON)
    return [(each.level, each.message) for each in report.findings]


def test_saved_dashboards_are_migrated_first(project: Path) -> None:
    """Gfplug starts the interpreter once for all of them."""
    add(project, "series: Annotated", old="seconds", new="period")

    assert judge(project, {"seconds": 60}, {"seconds": 0}, {"period": 60}, {"seconds": 60, "other": 1}) == [
        ("error", "field 'period': 0 is below the minimum 1"),
        ("error", "no field `other`; there are amplitude, period, series, signal"),
        *[("note", OLD)] * 3,
        ("note", "4 saved queries of acme-sales-datasource"),
    ]


def test_a_migration_that_ends_the_interpreter_is_a_failure(project: Path) -> None:
    """Gfplug reports no success for queries that were not migrated."""
    add(project, "series: Annotated", old="seconds", new="period", value="__import__('os')._exit(0)")

    with pytest.raises(ProjectError, match=r"ended Python while gfplug was loading it \(gfruntime\.author\.saved\)"):
        judge(project, {"seconds": 60})


def test_call_accepts_the_query_of_an_old_dashboard(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Old options are accepted, too: gfplug does not report names that the class migrates."""
    add(project, "seed: Annotated", old="number", new="seed")
    add(project, "series: Annotated", old="seconds", new="period")
    words = ["call", "query", str(project), "--python", str(PYTHON), "--option", "number=3", "--json", "--model"]

    assert main([*words, '{"seconds": 0}']) == 6
    assert "the query: field 'period': 0.0 is below the minimum 1" in capsys.readouterr().err
    assert main([*words, '{"seconds": 60}']) == 0
