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

pytestmark = pytest.mark.slow

WEATHER = Path(__file__).parents[1] / "fixtures" / "openapi" / "weather.yaml"
CHECKS = {
    "lint": ["ruff", "check", "--no-cache"],
    "format": ["ruff", "format", "--check", "--no-cache"],
    "types": ["mypy"],
    "tests": ["pytest", "-q", "-p", "no:cacheprovider"],
}


def gfplug(*words: str, cwd: Path) -> Ended:
    """Run a command of gfplug's."""
    kept = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG")
    return python("gfplug", *words, cwd=cwd, env={key: os.environ[key] for key in kept if key in os.environ})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project from our description."""
    folder = tmp_path_factory.mktemp("openapi")
    made = gfplug("new", "weather", "made", "--openapi", str(WEATHER), "--org", "acme", "--defaults", cwd=folder)

    assert made.code == 0, made.err
    assert "4 operations of 'Weather' can be queried" in made.err
    assert "removeStation" in made.err
    return folder / "made"


@pytest.mark.parametrize("check", CHECKS)
def test_a_project_passes_its_own(project: Path, check: str) -> None:
    """What the user's first CI run does, done here before."""
    kept = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "MYPY_CACHE_DIR")
    env = {key: os.environ[key] for key in kept if key in os.environ}
    done = python(*CHECKS[check], cwd=project, env=env)

    assert done.code == 0, done.out + done.err


def test_a_project_holds_as_few_files_as_any(project: Path) -> None:
    """Whoever opens it finds the one to edit."""
    tool_folders = {".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", "__pycache__", ".venv"}
    paths = [path for path in project.rglob("*") if path.is_file() and not tool_folders & {*path.parts}]

    assert len(paths) <= 42


def test_the_alert_rule_fires_on_the_mock(project: Path) -> None:
    """As it is provisioned, with the credentials that are."""
    with api_mock.running(project) as url:
        done = gfplug("call", "query", "--alert", "--python", sys.executable, "--url", url, cwd=project)

    assert done.code == 0, done.err
    assert "would fire" in done.out


def test_a_new_project_is_asked_at_once(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As `gfplug new --try` does it, but for the environment that it makes: the mock answers in the API's place."""
    stored = stored_model.decode((project / stored_model.NAME).read_bytes())

    openapi_try.ask_mock(project, stored, python=Path(sys.executable))

    assert "Warnemünde" in capsys.readouterr().out


def test_an_upgrade_follows_the_description(project: Path, tmp_path: Path) -> None:
    """It says what breaks, replaces the folder, and leaves the author's file."""
    project = Path(shutil.copytree(project, tmp_path / "copy"))
    text = WEATHER.read_text(encoding="utf-8").replace("name: { type: string }", "title: { type: string }")
    changed = tmp_path / "weather.yaml"
    changed.write_text(text.replace("required: [id, name]", "required: [id]"), encoding="utf-8")
    before = (project / "src/plugin/datasource.py").read_bytes()

    done = gfplug("upgrade", "--openapi", str(changed), cwd=project)

    assert done.code == 0, done.err
    assert "breaking: column list_stations.name is gone" in done.err
    assert "changed   src/upstream/endpoints.py" in done.out
    assert 'name="title"' in (project / "src/upstream/endpoints.py").read_text(encoding="utf-8")
    assert (project / "src/plugin/datasource.py").read_bytes() == before
    lock = json.loads((project / "gfplug.lock").read_text(encoding="utf-8"))
    assert "src/upstream/endpoints.py" in lock["owned"]


def test_react_editors_are_refused_at_once(project: Path) -> None:
    """In a sentence, before an environment is made: the editors follow the description."""
    done = gfplug("upgrade", "--data", "frontend=react", cwd=project)

    assert done.code == 2
    assert "the editors of a data source that an API's description makes follow that description" in done.err
    assert not (project / ".venv").exists()


def test_an_edited_folder_stops_an_upgrade(project: Path) -> None:
    """As it does where the protocol is."""
    path = project / "src/upstream/endpoints.py"
    original = path.read_bytes()
    path.write_bytes(original + b"# mine\n")

    done = gfplug("upgrade", "--openapi", str(WEATHER), cwd=project)
    path.write_bytes(original)

    assert done.code == 3
    assert "src/upstream/endpoints.py (edited)" in done.err
