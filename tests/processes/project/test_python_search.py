"""The Python for an environment: the nearest one with a shared libpython, and the reason for the choice."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from small_project import PYPROJECT

from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import python_search

if TYPE_CHECKING:
    from pathlib import Path

    from small_machine import Machine

    from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")


def best_python() -> Path | None:
    """Return the path of the Python that is taken."""
    python = python_search.search(None).best
    return python.path if python else None


def test_gfplugs_own_python_is_taken_if_it_is_usable(machine: Machine) -> None:
    """No other Python is searched for."""
    own = machine.own("3.12.1", libpython=True)
    machine.python("python3.12", "3.12.9")
    result = python_search.search(None)

    assert (result.best and result.best.path, result.reason) == (own, "")


@pytest.mark.parametrize(
    ("versions", "nearest"),
    [
        (["3.11.9", "3.12.4", "3.13.0"], "3.12.4"),
        (["3.11.9", "3.14.0"], "3.11.9"),
        (["3.11.9", "3.13.0", "3.14.0"], "3.13.0"),
        (["3.16.0", "3.14.0"], "3.14.0"),
    ],
    ids=["same minor", "older", "newer of two", "none that wheels are missing for"],
)
def test_the_nearest_version_on_the_path_is_taken(machine: Machine, versions: list[str], nearest: str) -> None:
    """The same minor version comes first, then the next."""
    paths = {version: machine.python(f"python{version[:4]}", version) for version in versions}

    assert best_python() == paths[nearest]


def test_the_reason_names_our_own_python(machine: Machine) -> None:
    """The build logs its version and path."""
    machine.python("python3", "3.12.4")

    assert python_search.search(None).reason.startswith("Python 3.12.1 at ")
    assert python_search.search(None).reason.endswith("own/python, which gfplug runs on, has no shared libpython")


def test_pythons_without_libpython_too_old_or_broken_are_passed_over(machine: Machine) -> None:
    """A broken shim is not an error."""
    machine.python("python3.12", "3.12.9", libpython=False)
    machine.python("python3", "3.9.2")
    machine.program("python3.13", "#!/bin/sh\nexit 127\n")
    result = python_search.search(None)

    assert (result.best, result.downloadable) == (None, None)
    assert [python.version for python in result.static] == [(3, 12, 1), (3, 12, 9)]


def test_pythons_of_virtual_environments_are_passed_over(machine: Machine) -> None:
    """An environment made from it would break if it is removed."""
    machine.python("python3.12", "3.12.9")
    (machine.folder / "pyvenv.cfg").write_text("")

    assert best_python() is None


def test_free_threaded_pythons_are_passed_over(machine: Machine) -> None:
    """This holds for gfplug's Python, and for a nearer one on the PATH; the hint names no package for them."""
    machine.own("3.13.1t", libpython=True)
    machine.python("python3.13", "3.13.5t")
    other = machine.python("python3.11", "3.11.9")
    result = python_search.search(None)

    assert result.best
    assert result.best.path == other
    assert result.static == ()
    assert result.reason.startswith("Python 3.13.1t at ")
    assert result.reason.endswith("which gfplug runs on, is free-threaded, and grpcio has no wheels for such builds")


def test_a_free_threaded_python_that_uv_brings_is_refused(machine: Machine) -> None:
    """The error is one sentence."""
    machine.uv(can=("3.12.9",))
    fake = machine.folder / "downloaded/python"
    fake.write_text(fake.read_text().replace('"free_threaded": false', '"free_threaded": true'))
    with pytest.raises(
        ToolError, match=r"Python 3\.12\.9t at .*, which uv installed, is free-threaded, and grpcio has no"
    ):
        python_search.download(python_search.search(None))


def test_requires_python_of_the_project_excludes_other_versions(machine: Machine, project: Project) -> None:
    """requires-python excludes gfplug's Python, although it has a libpython, and others."""
    text = PYPROJECT.replace("[project]\n", '[project]\nrequires-python = ">=3.13"\n')
    (project.root / "pyproject.toml").write_text(text)
    machine.own("3.12.1", libpython=True)
    machine.python("python3.11", "3.11.9")
    newer = machine.python("python3.14", "3.14.0")
    result = python_search.search(python_search.versions_of(project))

    assert result.best
    assert result.best.path == newer
    assert result.reason.startswith("pyproject.toml requires Python >=3.13, and gfplug runs on Python 3.12.1 at ")


def test_an_invalid_requires_python_is_an_error(project: Project) -> None:
    """The error names the file."""
    (project.root / "pyproject.toml").write_text('[project]\nrequires-python = "new"\n')
    with pytest.raises(ProjectError, match=r"pyproject\.toml: requires-python 'new' is not a range"):
        python_search.versions_of(project)


def test_pythons_of_uv_count_like_those_on_the_path(machine: Machine) -> None:
    """The nearer one is taken; of two equal ones, the one on the PATH is."""
    machine.python("python3.14", "3.14.0")
    machine.uv(has=("3.11.5", "3.12.7"))
    assert best_python() == machine.folder / "3.12.7/python"

    on_path = machine.python("python3.12", "3.12.0")
    assert best_python() == on_path


def test_a_uv_that_fails_counts_as_missing(machine: Machine) -> None:
    """Its Pythons are unknown, and the search continues."""
    machine.program("uv", "#!/bin/sh\nexit 2\n")
    newer = machine.python("python3.13", "3.13.0")

    assert best_python() == newer


def test_uv_downloads_the_nearest_python_if_no_installed_one_is_usable(machine: Machine) -> None:
    """Pre-releases and versions without wheels don't count."""
    machine.uv(can=("3.13.1", "3.14.0", "3.12.0b1", "3.16.0"))
    result = python_search.search(None)
    python = python_search.download(result)

    assert (result.best, result.downloadable) == (None, (3, 13))
    assert (python.path, python.version) == (machine.folder / "downloaded/python", (3, 13, 1))
    commands = (machine.folder / "uv.diary").read_text().splitlines()[-2:]
    assert commands[0].startswith("venv --quiet --no-project --managed-python --python 3.13 ")
    assert commands[1] == "python find --no-project --managed-python 3.13"


@pytest.mark.parametrize(
    ("name", "value"), [("UV_OFFLINE", "1"), ("UV_PYTHON_DOWNLOADS", "never"), ("UV_PYTHON_DOWNLOADS", "manual")]
)
def test_uv_is_not_asked_to_download_what_it_may_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The user's settings are respected."""
    machine.uv(can=("3.12.9",))
    monkeypatch.setenv(name, value)

    assert python_search.search(None).downloadable is None


def test_a_download_that_fails_shows_uvs_words(machine: Machine) -> None:
    """The error also has the reason for the download, and the settings to check."""
    machine.uv(can=("3.12.9",), venv="echo the mirror is empty >&2; exit 1")
    with pytest.raises(ToolError, match=r"no shared libpython, and uv did not install Python 3\.12$") as caught:
        python_search.download(python_search.search(None))

    assert caught.value.details == "the mirror is empty"
    assert "UV_PYTHON_INSTALL_MIRROR" in caught.value.hint
