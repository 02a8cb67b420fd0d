"""The layout: the top-level folder, the rooms of each package, and imports that only point down."""

import ast
import graphlib
import re
from collections import Counter
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = {
    *("cli", "runtime", "template", "proto", "tests", "benchmarks", "docs", "examples", "preview", ".ci", ".github"),
    *(
        "pyproject.toml",
        "mkdocs.yml",
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        ".gitignore",
        ".pre-commit-config.yaml",
    ),
}
TESTS = {
    *("cli", "runtime", "processes", "generated", "build", "conformance", "browser", "upgrade", "network", "docs"),
    *("fuzz", "databases", "platforms", "golden", "fixtures", "conftest.py", "check_types.py"),
}
ROOMS = {
    "cli/gfplug": [
        {"__main__"},
        {"cli"},
        {"commands"},
        {"checks", "console"},
        {"bundle", "upgrades"},
        {"host", "scaffold"},
        {"sdk"},
        {"project"},
        {"edits"},
        {"usage"},
        {"files", "process", "resources", "stages", "terminal", "untrusted"},
        {"errors"},
    ],
    "runtime/gfruntime": [
        {"config", "dev", "fakes", "fixtures"},
        {"serve", "testing"},
        {"openapi"},
        {"calls", "http"},
        {"author", "serving"},
        {"telemetry", "sql"},
        {"request"},
        {"frames"},
        {"errors", "wire"},
        {"logs"},
        {"freeze"},
    ],
}
"""A package's rooms, which are its modules and folders, from the top floor down; a room imports from lower floors."""
IN_PROJECTS = {"dist/", "src/plugin/", "src/pluginv2/", "vendor/", "frontend/", "frontend/locales/"}
"""Paths that a project has, and this repository does not."""
SHARED_NAMES = {
    "config": "gfruntime.config is the former name of gfruntime.request.config",
    "fakes": "gfruntime.fakes is the former name of gfruntime.testing.fakes",
    "fixtures": "gfruntime.fixtures is the former name of gfruntime.testing.fixtures",
}


def _modules(package: str) -> dict[str, Path]:
    """Return the modules of a package by their dotted names, without PyInstaller's hooks."""
    top = (ROOT / package).parent
    paths = [path for path in (ROOT / package).rglob("*.py") if path.parent.name != "hooks"]
    return {".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def _imports(path: Path, modules: dict[str, Path]) -> set[str]:
    """List the modules that a module imports from its package, anywhere in its text."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in modules else node.module for name in full}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names & set(modules)


def _room(module: str) -> str:
    """Return the room of a module; for the package's `__init__` it is empty."""
    return [*module.split("."), ""][1]


@cache
def _graph(package: str) -> dict[str, set[str]]:
    """Map each module of a package to its imports from this package."""
    modules = _modules(package)
    return {name: _imports(path, modules) for name, path in modules.items()}


@pytest.mark.parametrize(("folder", "names"), [(ROOT, TOP), (ROOT / "tests", TESTS)], ids=["top level", "tests"])
def test_a_folder_has_only_expected_files(folder: Path, names: set[str]) -> None:
    """A file saved there by mistake is reported."""
    patterns = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    ignored = [line.strip("/") for line in patterns if folder == ROOT or not line.startswith("/")]
    here = {path.name for path in folder.iterdir()} - {".git"}

    assert {name for name in here if not any(fnmatch(name, pattern) for pattern in ignored)} == names


def test_pytest_collects_every_folder_with_tests(pytestconfig: pytest.Config) -> None:
    """By default it skips folders named `build` or `dist`."""
    patterns = pytestconfig.getini("norecursedirs")
    modules = [path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")]
    folders = {part for module in modules for part in module.parts[:-1]}

    assert {"build", "cli"} <= folders
    assert [name for name in sorted(folders) if any(fnmatch(name, pattern) for pattern in patterns)] == []


def test_the_page_about_the_layout_is_up_to_date() -> None:
    """Each room has its row; modules and folders named in the walks of a query and a build exist."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    paths = set(re.findall(r"`(\w[\w/]*(?:/|\.py))`", page))
    places = [ROOT / package for package in ROOMS] + [ROOT, ROOT / "cli/gfplug/host", ROOT / "cli/gfplug/bundle"]
    folders = {path.name for package in ROOMS for path in (ROOT / package).iterdir() if (path / "__init__.py").exists()}

    assert {path for path in paths if not any((place / path).exists() for place in places)} <= IN_PROJECTS
    assert {folder for folder in folders if f"{folder}/" not in paths} == set()


@pytest.mark.parametrize("package", ROOMS)
def test_imports_lead_only_to_lower_floors(package: str) -> None:
    """Every room has its floor, and imports only from lower ones."""
    floor = {room: number for number, rooms in enumerate(ROOMS[package]) for room in rooms}
    arrows = {(_room(module), _room(other)) for module, others in _graph(package).items() for other in others}

    assert set(floor) == {_room(module) for module in _graph(package)} - {""}
    assert {
        (room, other) for room, other in arrows if room and other and room != other and floor[other] <= floor[room]
    } == set()


@pytest.mark.parametrize("package", ROOMS)
def test_imports_have_no_cycle(package: str) -> None:
    """Imports inside a room have no cycle, either."""
    graphlib.TopologicalSorter(_graph(package)).prepare()


def test_only_the_command_line_writes_to_the_terminal() -> None:
    """Only `cli` and `commands` use `console`; other modules return values or raise."""
    users = {_room(module) for module, others in _graph("cli/gfplug").items() if "gfplug.console" in others}

    assert users == {"cli", "commands"}


@pytest.mark.parametrize("package", ROOMS)
def test_module_names_are_unique(package: str) -> None:
    """Names in a package differ, except that modules of `commands` are named as the commands."""
    names = Counter(module.rpartition(".")[2] for module in _graph(package) if _room(module) != "commands")

    assert {name for name, count in names.items() if count > 1} == set(SHARED_NAMES) & set(names)
