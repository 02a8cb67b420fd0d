"""A frontend with its own sources: its folder, the installation of its packages, and the files of its build."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from small_project import small_project

from gfplug.bundle.frontend import npm
from gfplug.checks import project_rules
from gfplug.errors import ProjectError, ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake npm is a shell script")

BUILDS = 'mkdir -p dist/img; echo "define()" > dist/module.js; echo svg > dist/img/logo.svg'


@pytest.fixture
def project(project: Project) -> Project:
    """Add a frontend with its own package.json, not yet installed."""
    packages = {
        "": {},
        "node_modules/esbuild": {"version": "1.2.3"},
        "node_modules/@esbuild/other-os": {"version": "1.2.3", "optional": True},
    }
    (project.root / "frontend/package.json").write_text("{}")
    (project.root / "frontend/package-lock.json").write_text(json.dumps({"packages": packages}))
    return project


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a fake npm on the PATH that records its calls, and builds; return its record."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f'#!/bin/sh\necho "$@" >> {folder}/calls\n[ "$1" != run ] || {{ {BUILDS}; }}\n'
    (folder / "npm").write_text(script)
    (folder / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "calls"


def installed(project: Project, version: str) -> None:
    """Install the one package that the lock names."""
    folder = project.root / "frontend/node_modules/esbuild"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps({"version": version}))


def find_frontend(project: Project) -> npm.Frontend:
    """Find the frontend, which must exist."""
    frontend = npm.locate_frontend(project)
    assert frontend is not None
    return frontend


def test_a_frontend_stub_is_built_without_npm(tmp_path: Path) -> None:
    """A project without a package.json does not have its own frontend."""
    assert npm.locate_frontend(small_project(tmp_path / "project")) is None
    assert npm.state(None) == ""


def test_the_builds_files_are_returned_by_name(project: Project, fake: Path) -> None:
    """Packages are installed as the lock says, then the build runs."""
    files = npm.build(find_frontend(project))

    assert files == {"module.js": b"define()\n", "img/logo.svg": b"svg\n"}
    assert [line.split()[:2] for line in fake.read_text().splitlines()] == [["ci", "--include=dev"], ["run", "build"]]


@pytest.mark.parametrize(("version", "installs"), [("1.2.3", 0), ("1.2.2", 1)])
def test_installed_packages_are_not_installed_again(project: Project, fake: Path, version: str, installs: int) -> None:
    """Packages of other systems may be missing; a version that differs from the lock's is replaced."""
    installed(project, version)
    npm.build(find_frontend(project))

    assert fake.read_text().count("ci ") == installs


def test_a_build_that_makes_no_module_js_is_an_error(project: Project, fake: Path) -> None:
    """Grafana would find nothing to load."""
    (fake.parent / "npm").write_text("#!/bin/sh\n")
    with pytest.raises(ToolError, match=r"wrote no module\.js"):
        npm.build(find_frontend(project))


def test_a_missing_npm_is_explained(project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The hint says that the default frontend needs none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="npm was not found") as caught:
        npm.build(find_frontend(project))

    assert "needs neither" in caught.value.hint


def test_the_state_of_a_frontend_depends_only_on_its_sources(project: Project, fake: Path) -> None:
    """An edit changes it; installing and building do not."""
    frontend = find_frontend(project)
    before = npm.state(frontend)
    npm.build(frontend)
    installed(project, "1.2.3")

    assert npm.state(frontend) == before
    (project.root / "frontend/module.ts").write_text("export {}")
    assert npm.state(frontend) != before
    assert fake.exists()


def adopted(tmp_path: Path, note: str) -> Project:
    """Make a project inside an existing plugin."""
    project = small_project(tmp_path / "plugin/backend")
    (tmp_path / "plugin/package.json").write_text("{}")
    (project.root / "frontend").mkdir(exist_ok=True)
    (project.root / "frontend/adopted.json").write_text(note)
    return project


def test_an_adopted_frontend_is_found_outside_the_project(tmp_path: Path) -> None:
    """The backend inside it is not a part of its sources."""
    project = adopted(tmp_path, '{"folder": "../.."}')
    frontend = find_frontend(project)
    before = npm.state(frontend)
    (project.root / "more.py").write_text("")

    assert frontend.folder == tmp_path / "plugin"
    assert npm.state(frontend) == before


def test_the_checks_of_a_project_depend_on_its_kind_of_frontend(tmp_path: Path, project: Project) -> None:
    """A frontend with its own sources has no hooks; in an adopted plugin, plugin.json has only the backend's keys."""
    projects = [small_project(tmp_path / "plain"), project, adopted(tmp_path, '{"folder": "../.."}')]
    for each in projects:
        (each.root / "frontend/hooks.js").write_text("require('axios')")
    rules = [{item.rule for item in project_rules.check(each)} for each in projects]

    assert ["hooks" in each for each in rules] == [True, False, False]
    assert [any(rule.startswith("manifest") for rule in each) for each in rules] == [True, True, False]


@pytest.mark.parametrize(
    ("note", "sentence"), [("[]", "is not a JSON object"), ('{"folder": "../../.."}', "has no package.json")]
)
def test_an_invalid_path_in_adopted_json_is_an_error(tmp_path: Path, note: str, sentence: str) -> None:
    """The message or its hint has the file to correct."""
    with pytest.raises(ProjectError, match=sentence) as caught:
        npm.locate_frontend(adopted(tmp_path, note))

    assert "adopted.json" in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(("lock", "manager"), [("yarn.lock", "yarn"), ("pnpm-lock.yaml", "pnpm")])
def test_a_build_with_another_package_manager_needs_installed_packages(tmp_path: Path, lock: str, manager: str) -> None:
    """Gfplug runs their build, and the hint has the command to run before."""
    frontend = find_frontend(adopted(tmp_path, '{"folder": "../.."}'))
    (frontend.folder / lock).touch()
    with pytest.raises(ToolError, match="not installed") as caught:
        npm.build(frontend)

    assert caught.value.hint.startswith(f"run `{manager} install`")


@pytest.mark.parametrize("note", ["[" * 100_000, "1", '{"folder": 1}', '{"folder": "\\u0000"}', "\ufeff"])
def test_an_unreadable_adopted_json_is_an_error(tmp_path: Path, note: str) -> None:
    """Any invalid content gives the same error."""
    with pytest.raises(ProjectError, match=r"adopted\.json"):
        npm.locate_frontend(adopted(tmp_path, note))


@pytest.mark.parametrize("lock", ["[]", "{", '{"packages": []}', '{"packages": {"a": 1}}', "[" * 100_000])
def test_an_unreadable_package_lock_is_an_error(project: Project, fake: Path, lock: str) -> None:
    """Nothing is run."""
    (project.root / "frontend/package-lock.json").write_text(lock)
    with pytest.raises(ProjectError, match=r"package-lock\.json"):
        npm.build(find_frontend(project))
    assert not fake.exists()
