"""`gfplug check` of a whole project."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from projects import new_project

from gfplug.checks import check as service
from gfplug.cli import main
from gfplug.project.environment import ownership

if TYPE_CHECKING:
    from pathlib import Path


def rules(path: Path) -> set[str]:
    """Return the names of the rules that found an error."""
    return {finding.rule for finding in service.check(path).findings if finding.level == "error"}


def test_a_project_that_does_not_ask_for_the_runtime_is_an_error(tmp_path: Path) -> None:
    """The installation of another person would lack the runtime, although the build here has it."""
    project = new_project(tmp_path / "project")
    path = project / "pyproject.toml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert "runtime-missing" not in rules(project)
    path.write_text("".join(line for line in lines if '"gfruntime @ ' not in line), encoding="utf-8")

    assert "runtime-missing" in rules(project)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose environment is that of the tests."""
    root = new_project(tmp_path / "project")
    (root / ".venv").symlink_to(sys.prefix)
    monkeypatch.setattr(ownership, "is_own", lambda _: True)
    return root


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("] = 600.0", "] = 0.5", "Model.period: its default 0.5 is not a number at least 1"),
        ("minimum=1, maximum=100", "minimum=9, maximum=1", "Model.series: its minimum 9 is above its maximum 1"),
        ('Ui(label="Signal")', 'Ui(show_if={"series": ["1"]})', "Model.signal: show_if compares series with '1'"),
        (
            'Ui(label="Signal")] = "sine"',
            'Ui(label="Signal")] = "cosine"',
            "Model.signal: its default 'cosine' is not one",
        ),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_dataclasses_that_cannot_become_a_form_are_an_error(project: Path, old: str, new: str, sentence: str) -> None:
    """The check prints the build's error message, before anything is built."""
    path = project / "src/plugin/datasource.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    assert "schema" not in rules(project)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    (finding,) = [each for each in service.check(project).findings if each.rule == "schema"]

    assert finding.level == "error"
    assert finding.message.startswith(sentence)


COMMANDS = [["check"], ["call", "query"], ["call", "health"], ["dev"]]


@pytest.mark.shows("errors: a field with a name")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('    datasource: str = "main"', "Model.datasource: Grafana sets datasource on every query"),
        ('    refId: str = ""', "Model.refId: Grafana sets refId on every query; choose another name"),
        ("    timeRange: str = ''", "Model.timeRange: Grafana sets timeRange on every query"),
        ("    other: str = field(init=True, kw_only=True)", "Model.other has no default: alert rules and provisioned"),
        ("    more: dict[str, str] = field(default_factory=dict)", "Model.more: dict[str, str] has no form control"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_each_command_that_reads_the_source_refuses_what_build_refuses(
    project: Path, capsys: pytest.CaptureFixture[str], command: list[str], line: str, sentence: str
) -> None:
    """Each command prints the build's error message, and answers nothing."""
    path = project / "src/plugin/datasource.py"
    text = path.read_text(encoding="utf-8").replace("import dataclass\n", "import dataclass, field\n", 1)
    mark = "    amplitude: Annotated"
    path.write_text(text.replace(mark, f"{line}\n{mark}", 1), encoding="utf-8")

    assert main([*command, str(project), "--python", sys.executable]) == 3
    captured = capsys.readouterr()
    assert sentence in captured.out + captured.err
    assert "rows" not in captured.out


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_the_output_says_that_the_dataclasses_were_not_checked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an environment the dataclasses are not imported, and the last line of the output says this."""
    (project / ".venv").unlink()
    path = project / "src/plugin/datasource.py"
    path.write_text(path.read_text(encoding="utf-8").replace("    series: ", "    hide: "), encoding="utf-8")

    assert main(["check", str(project)]) == 0
    captured = capsys.readouterr()
    assert "its dataclasses were not checked: there is no .venv yet" in captured.out
    assert captured.err.strip().endswith("is good, as far as it was checked")
    assert main(["check", str(project), "--python", sys.executable]) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_saved_queries_are_judged_by_the_project(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The project's own dashboards and rules pass; a query beyond a limit ends with exit code 3."""
    provisioned = [str(project / "provisioning" / name) for name in ("dashboards", "alerting")]
    assert main(["check", str(project), "--python", sys.executable, "--dashboards", *provisioned]) == 0
    board = project / "provisioning/dashboards/example.json"
    board.write_text(
        board.read_text(encoding="utf-8").replace('"series": 2', '"series": 30000000', 1), encoding="utf-8"
    )

    assert main(["check", str(project), "--python", sys.executable, "--dashboards", str(board)]) == 3
    assert "(panel 1) > query A: field 'series': 30000000 is above the maximum 100" in capsys.readouterr().out
