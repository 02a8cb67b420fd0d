"""`gfplug check` loads the data source: its imports, and its provisioned settings and queries."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from projects import new_project

from gfplug.cli import main
from gfplug.project.environment import ownership

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Check = Callable[..., tuple[int, list[dict[str, str]]]]

pytestmark = pytest.mark.long

PYTHON = ["--python", sys.executable]
MODULE = "src/plugin/datasource.py"
RULES, BOARD = "provisioning/alerting/rules.yaml", "provisioning/dashboards/example.json"
SOURCE = "provisioning/datasources/datasource.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project."""
    return new_project(tmp_path / "acme-sales-datasource")


@pytest.fixture
def check(project: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Return a function that checks the project, and returns the exit code and the findings except notes."""

    def ask(*words: str) -> tuple[int, list[dict[str, str]]]:
        code = main(["check", str(project), *words, "--json"])
        findings = json.loads(capsys.readouterr().out)["findings"]
        return code, [finding for finding in findings if finding["level"] != "note"]

    return ask


def change(project: Path, file: str, old: str, new: str) -> None:
    """Change a file of the project."""
    text = (project / file).read_text(encoding="utf-8")
    assert old in text
    (project / file).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.shows("errors: code that does not load")
@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("import nothing_like_it", "line 7", "`import nothing_like_it`: ModuleNotFoundError: No module named 'nothing"),
        ("raise SystemExit(3)", "line 7", "`raise SystemExit(3)`: SystemExit: 3"),
        ("x = 1 / 0", "line 7", "`x = 1 / 0`: ZeroDivisionError: division by zero"),
        ("x = (1", "line 7", "`x = (1`: SyntaxError: '(' was never closed"),
        ("import json; json.loads('{')", "line 7", "`import json; json.loads('{')`: JSONDecodeError: Expecting"),
    ],
)
def test_code_that_does_not_load_is_reported_with_the_authors_line(
    project: Path, check: Check, line: str, place: str, message: str
) -> None:
    """The report has the author's line, not that of a library."""
    change(project, MODULE, "import hashlib\n", f"{line}\nimport hashlib\n")
    code, findings = check(*PYTHON)
    (unloaded,) = (finding for finding in findings if finding["rule"] == "load")

    assert (code, unloaded["level"], unloaded["where"]) == (3, "error", f"{MODULE}, {place}")
    assert unloaded["message"].startswith(message)
    assert unloaded["hint"]


@pytest.mark.shows("errors: code that does not load")
def test_code_in_another_module_is_reported_with_its_line(project: Path, check: Check) -> None:
    """A missing class is reported without a line."""
    (project / "src/plugin/other.py").write_text("\nimport nothing_like_it\n", encoding="utf-8")
    change(project, MODULE, "import hashlib\n", "from plugin import other\nimport hashlib\n")

    assert [each["where"] for each in check(*PYTHON)[1]] == ["src/plugin/other.py, line 2"] * 2
    (project / "src/plugin/other.py").write_text("", encoding="utf-8")
    change(project, MODULE, "class Datasource:", "class Source:")
    ((finding),) = check(*PYTHON)[1]
    assert (finding["rule"], finding["where"]) == ("load", MODULE)
    assert "has no attribute 'Datasource'" in finding["message"]


@pytest.mark.shows("errors: the code imports a package that is not a dependency")
def test_an_import_without_a_declared_dependency_is_an_error(project: Path, check: Check) -> None:
    """The error names the package that provides it, from the environment; packages of a dependency pass."""
    change(project, MODULE, "import hashlib\n", "import hashlib\nimport yaml\nimport grpc\nimport pyarrow\n")
    code, findings = check(*PYTHON)

    assert (code, [(each["rule"], each["where"]) for each in findings]) == (3, [("undeclared", f"{MODULE}, line 8")])
    assert findings[0]["message"] == "`yaml` is imported, but no dependency provides it"
    assert findings[0]["hint"].startswith('add "pyyaml" to the dependencies')
    change(project, "pyproject.toml", "dependencies = [\n", 'dependencies = [\n  "PyYAML",\n')
    assert check(*PYTHON) == (0, [])


@pytest.mark.shows("errors: the code imports a package that is not a dependency")
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nothing-like-it>=1", "nothing-like-it is a dependency, but it is not installed"),
        ("PyYAML>=900", "PyYAML>=900 is a dependency, but "),
        ("nothing-like-it; sys_platform == 'other'", ""),
    ],
)
def test_a_dependency_that_is_not_installed_is_an_error(project: Path, check: Check, line: str, message: str) -> None:
    """Another version is an error, too; a dependency of another system is not."""
    change(project, "pyproject.toml", "dependencies = [\n", f'dependencies = [\n  "{line}",\n')
    findings = check(*PYTHON)[1]

    assert [each["rule"] for each in findings] == (["not-installed"] if message else [])
    assert all(each["message"].startswith(message) for each in findings)


@pytest.mark.shows("errors: a mistyped name in `--option`")
@pytest.mark.parametrize(
    ("file", "old", "new", "rule", "message"),
    [
        (SOURCE, "seed: 0", "sead: 0", "unknown-option", "no option `sead`; there is seed"),
        (SOURCE, "jsonData:", "secureJsonData:", "unknown-option", "`seed` is an option, not a secret"),
        (RULES, "period: 600", "perod: 600", "unknown-field", "no field `perod`; there are "),
        (BOARD, '"period": 600', '"perod": 600', "unknown-field", "no field `perod`; there are "),
        (BOARD, '"series": 2', '"series": 30000000', "saved-query", "field 'series': 30000000 is above the maximum"),
    ],
)
def test_provisioned_values_are_checked_against_the_dataclasses(  # noqa: PLR0917 - the columns of a table
    project: Path, check: Check, file: str, old: str, new: str, rule: str, message: str
) -> None:
    """Options, secrets and queries of rules and dashboards are findings if the plugin does not read or refuses them."""
    assert check(*PYTHON) == (0, [])
    change(project, file, old, new)
    code, (finding,) = check(*PYTHON)

    assert (code, finding["level"], finding["rule"]) == (3, "error", rule)
    assert finding["where"].startswith(file)
    assert finding["message"].startswith(message)


def test_a_second_provisioned_data_source_is_checked_too(project: Path, check: Check) -> None:
    """`gfplug call` takes the first; Grafana provisions all."""
    text = (project / SOURCE).read_text(encoding="utf-8")
    entry = text[text.index("  - name:") :].replace("seed: 0", "sead: 0").replace("isDefault: true", "isDefault: false")
    (project / SOURCE).write_text(f"{text.rstrip()}\n{entry}", encoding="utf-8")

    assert [each["message"] for each in check(*PYTHON)[1]] == ["no option `sead`; there is seed"]


def test_static_checks_imports_and_syntax_and_runs_no_code(
    project: Path, check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It reads imports and syntax from the text; gfplug's own .venv is not used either."""
    (project / ".venv").symlink_to(sys.prefix)
    monkeypatch.setattr(ownership, "is_own", lambda _: True)
    mark = tmp_path / "ran"
    change(project, MODULE, "import hashlib\n", f"open({str(mark)!r}, 'w')\nimport pandas\nimport hashlib\n")

    assert [each["message"] for each in check("--static")[1]] == ["`pandas` is imported, but no dependency provides it"]
    assert not mark.exists()
    check()
    assert mark.exists()
    change(project, MODULE, "import pandas\n", "import (\n")
    assert [(each["rule"], each["where"]) for each in check("--static")[1]] == [("syntax", f"{MODULE}, line 8")]


@pytest.mark.parametrize("more", [["--alerts"], ["--dashboards", "x.json"], PYTHON])
def test_static_excludes_an_option_that_runs_code(
    project: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """The two options contradict each other."""
    assert main(["check", str(project), "--static", *more]) == 2
    assert f"--static can't be used with {more[0]}" in capsys.readouterr().err


def test_a_control_for_an_unknown_field_is_reported(project: Path, check: Check) -> None:
    """The report has its line and the existing fields; an existing name is fine."""
    (project / "frontend/hooks.js").write_text("exports.fields = {\n  tabel: Table,\n};\n", encoding="utf-8")
    code, (finding,) = check(*PYTHON)

    assert code == 3
    assert (finding["rule"], finding["level"], finding["where"]) == ("hooks", "error", "frontend/hooks.js")
    assert finding["message"].startswith("frontend/hooks.js:2: exports.fields names 'tabel', which is not a field")
    assert finding["hint"].startswith("its fields are ")
    name = finding["hint"].removeprefix("its fields are ").partition(",")[0]
    (project / "frontend/hooks.js").write_text(f"exports.fields = {{ {name}: Table }};\n", encoding="utf-8")
    assert check(*PYTHON) == (0, [])


def test_texts_that_a_language_lacks_are_counted(project: Path, check: Check) -> None:
    """It is a warning, since the editors show these texts untranslated; `--strict` counts it."""
    (project / "frontend/locales").mkdir()
    (project / "frontend/locales/de.json").write_text('{"Series": "Reihen"}', encoding="utf-8")
    code, (finding,) = check(*PYTHON)

    assert (code, finding["rule"], finding["level"]) == (0, "translations", "warning")
    assert finding["where"] == "frontend/locales/de.json"
    assert finding["message"].startswith("it lacks ")
    assert "'Series'" not in finding["message"]
    assert check(*PYTHON, "--strict")[0] == 3
