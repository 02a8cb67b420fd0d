"""A project of gfplug 0.1 that uses every public name of its runtime runs unchanged after an upgrade.

Its author wrote `tests/fixtures/every_name/`, which is laid over the default project of
`tests/fixtures/projects-0.1.tar.xz` and checked by that project's own tools.
"""

import ast
import json
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import public_api
import pytest
from older import contents, output_in

from gfplug import cli

EVERY_NAME = Path(__file__).parents[1] / "fixtures" / "every_name"
UNDOCUMENTED = {"gfruntime.testing.read_by_rules", "read_by_rules"}
"""Names that no documentation for authors had."""
RENAMED = {"Kind": "ObjectKind", "Asked": "ReceivedRequest", "Asked.json": "ReceivedRequest.json"}
"""Classes that have another name now; the former one can still be imported."""
CALLS = [
    ["health"],
    ["query", "--to=2026-01-01T00:03:00Z", "--model={}", '--model={"table": "none"}'],
    ["query", "--to=2026-01-01T00:03:00Z", '--model={"queryType": "annotation", "prefix": "the "}'],
    ["resource", "tables/sales/rows", "--header=X-Rows: 3"],
    ["resource", "asgi/a", "--method=POST", "--body=hello"],
    ["stream", "sales", "--count=4"],
]


@pytest.fixture
def project(projects: Path, tmp_path: Path) -> Path:
    """Make the project, with the author's files in place of the example."""
    folder = shutil.copytree(projects / "signals", tmp_path / "project")
    (folder / "tests" / "test_datasource.py").unlink()
    return shutil.copytree(EVERY_NAME, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(scope="session")
def former(projects: Path) -> dict[str, list[str] | None]:
    """Read the public API of the runtime of gfplug 0.1, as this runtime describes it."""
    api: dict[str, list[str] | None] = json.loads(output_in(projects / "signals", public_api.__file__))
    return {name: parameters for name, parameters in api.items() if name not in UNDOCUMENTED}


def check(project: Path) -> None:
    """Run the checks of the project's CI, with every warning as an error."""
    output_in(project, "pytest", "-q", "-p", "no:cacheprovider", "-W", "error")
    output_in(project, "mypy", "--cache-dir", "../mypy")
    output_in(project, "ruff", "check", "--no-cache")
    output_in(project, "ruff", "format", "--check", "--no-cache")


def author_files(project: Path) -> dict[str, bytes]:
    """Read the author's files."""
    return {path: text for path, text in contents(project).items() if path.startswith(("src/plugin/", "tests/"))}


def answers(project: Path, *target: str) -> list[str]:
    """Send the plugin every kind of request that Grafana sends."""
    span = ["--from=2026-01-01T00:00:00Z", "--json"]
    return [
        output_in(
            project, "gfplug", "call", *call, *target, "--option=seed=2", *span[call[0] != "query" :], accepted=(0, 6)
        )
        for call in CALLS
    ]


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="the old plugin is started by a shell script")
def test_the_project_runs_unchanged(project: Path, tmp_path: Path) -> None:
    """Its tests and type checks pass, the plugin's answers and the author's files are unchanged."""
    plugin = tmp_path / "plugin" / "gpx"
    plugin.parent.mkdir()
    shutil.copy(project / "plugin.json", plugin.parent)
    plugin.write_text(f"#!/bin/sh\nPYTHONPATH={project}/src exec {sys.executable} -P -m plugin\n", encoding="utf-8")
    plugin.chmod(0o755)
    check(project)
    before, files = answers(project, str(plugin)), author_files(project)
    assert "no table" in before[1]
    assert (project / "src" / "gfruntime").is_dir()

    assert cli.main(["upgrade", str(project)]) == 0
    assert not (project / "src" / "gfruntime").exists()
    check(project)
    assert answers(project, ".", "--python", sys.executable) == before
    assert author_files(project) == files


def test_no_name_or_parameter_is_gone(former: dict[str, list[str] | None]) -> None:
    """Every public name still exists, with the same parameters and defaults."""
    present = json.loads(public_api.RECORD.read_text(encoding="utf-8"))
    renamed = {RENAMED.get(name, name): parameters for name, parameters in former.items()}

    assert public_api.list_losses(renamed, present) == []


def test_the_project_uses_every_name(former: dict[str, list[str] | None]) -> None:
    """It uses each import, method, attribute and parameter; hooks and fixtures come from `pytest_plugins`."""
    files = [ast.parse(path.read_text(encoding="utf-8")) for path in EVERY_NAME.rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(file)]
    imports, names, arguments = _imports(nodes), _names(nodes), _arguments(nodes)
    unused = []
    for name, parameters in former.items():
        last = name.rpartition(".")[2]
        is_used = name in imports if name.startswith("gfruntime.") else last in names
        if last.startswith(("__", "pytest_")) or (name.startswith("gfruntime.fixtures.") and last in names):
            continue
        unused += [] if is_used else [name]
        for place, parameter in enumerate(parameters or []):
            keyword = parameter.partition("=")[0]
            if not keyword.startswith("*") and not arguments[last] & {keyword, place}:
                unused.append(f"{name}({keyword})")

    assert unused == []


def _names(nodes: list[ast.AST]) -> set[str]:
    """List the names in the author's files: variables, attributes, arguments."""
    return {
        *(node.id for node in nodes if isinstance(node, ast.Name)),
        *(node.attr for node in nodes if isinstance(node, ast.Attribute)),
        *(node.arg for node in nodes if isinstance(node, ast.arg)),
    }


def _imports(nodes: list[ast.AST]) -> set[str]:
    """List the names that they import by `from`, and attributes with the full name of an imported module."""
    statements = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    modules = {alias.name: f"{node.module}.{alias.name}" for node in statements for alias in node.names}
    read = [node for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    return {*modules.values(), *(f"{modules.get(name := ast.unparse(node.value), name)}.{node.attr}" for node in read)}


def _arguments(nodes: list[ast.AST]) -> dict[str, set[str | int | None]]:
    """Map the names of functions and classes to the arguments in their calls: keywords, and positions of others."""
    arguments: dict[str, set[str | int | None]] = defaultdict(set)
    for node in nodes:
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            arguments[name] |= {*range(len(node.args)), *(keyword.arg for keyword in node.keywords)}
    return arguments
