"""A project that is made from an API's description passes its own checks, and follows the description."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from commands import Ended, python

from gfplug.commands import openapi_try
from gfplug.host import api_mock
from gfplug.scaffold.openapi import stored_model

pytestmark = pytest.mark.long

WEATHER = Path(__file__).parents[1] / "fixtures" / "openapi" / "weather.yaml"
CHECKS = {
    "lint": ["ruff", "check", "--no-cache"],
    "format": ["ruff", "format", "--check", "--no-cache"],
    "types": ["mypy"],
    "tests": ["pytest", "-q", "-p", "no:cacheprovider"],
}


def gfplug(*words: str, cwd: Path) -> Ended:
    """Run a command of gfplug."""
    names = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG")
    return python("gfplug", *words, cwd=cwd, env={key: os.environ[key] for key in names if key in os.environ})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project from the description in the fixtures."""
    folder = tmp_path_factory.mktemp("openapi")
    creation = gfplug("new", "weather", "made", "--openapi", str(WEATHER), "--org", "acme", "--defaults", cwd=folder)

    assert creation.code == 0, creation.err
    assert "4 operations of 'Weather' can be queried" in creation.err
    assert "removeStation" in creation.err
    return folder / "made"


@pytest.mark.parametrize("check", CHECKS)
def test_a_project_passes_its_own_checks(project: Path, check: str) -> None:
    """The test does the same as the user's first CI run."""
    names = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "MYPY_CACHE_DIR")
    env = {key: os.environ[key] for key in names if key in os.environ}
    done = python(*CHECKS[check], cwd=project, env=env)

    assert done.code == 0, done.out + done.err


def test_a_project_has_at_most_42_files(project: Path) -> None:
    """The user can find the file to edit."""
    tool_folders = {".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__", ".venv"}
    paths = [path for path in project.rglob("*") if path.is_file() and not tool_folders & {*path.parts}]

    assert len(paths) <= 42


def test_the_alert_rule_fires_on_the_mock(project: Path) -> None:
    """The rule is the provisioned one, with the provisioned credentials."""
    with api_mock.running(project) as url:
        done = gfplug("call", "query", "--alert", "--python", sys.executable, "--url", url, cwd=project)

    assert done.code == 0, done.err
    assert "would fire" in done.out


def test_a_new_project_is_queried_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`gfplug new --try` does the same with the project's environment; the mock replaces the API."""
    stored = stored_model.decode((project / stored_model.NAME).read_bytes())

    openapi_try.ask_mock(project, stored, python=Path(sys.executable))

    assert "Warnemünde" in capsys.readouterr().out


def test_an_upgrade_follows_the_description(project: Path, tmp_path: Path) -> None:
    """It reports what breaks, replaces the folder, and does not change the author's file."""
    project = Path(shutil.copytree(project, tmp_path / "copy"))
    text = WEATHER.read_text(encoding="utf-8").replace("name: { type: string }", "title: { type: string }")
    description = tmp_path / "weather.yaml"
    description.write_text(text.replace("required: [id, name]", "required: [id]"), encoding="utf-8")
    before = (project / "src/plugin/datasource.py").read_bytes()

    done = gfplug("upgrade", "--openapi", str(description), cwd=project)

    assert done.code == 0, done.err
    assert "breaking: column list_stations.name was removed" in done.err
    assert "changed   src/upstream/endpoints.py" in done.out
    assert 'name="title"' in (project / "src/upstream/endpoints.py").read_text(encoding="utf-8")
    assert (project / "src/plugin/datasource.py").read_bytes() == before
    lock = json.loads((project / "gfplug.lock").read_text(encoding="utf-8"))
    assert "src/upstream/endpoints.py" in lock["owned"]


def test_react_editors_are_refused_at_once(project: Path) -> None:
    """One sentence says so before an environment is made: the editors follow the description."""
    done = gfplug("upgrade", "--data", "frontend=react", cwd=project)

    assert done.code == 2
    assert "a project from an API's description cannot have React editors" in done.err
    assert not (project / ".venv").exists()


def test_an_edited_folder_stops_an_upgrade(project: Path) -> None:
    """An edited folder of stubs stops an upgrade in the same way."""
    path = project / "src/upstream/endpoints.py"
    original = path.read_bytes()
    path.write_bytes(original + b"# mine\n")

    done = gfplug("upgrade", "--openapi", str(WEATHER), cwd=project)
    path.write_bytes(original)

    assert done.code == 3
    assert "src/upstream/endpoints.py (edited)" in done.err
