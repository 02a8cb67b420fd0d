"""Everything that a machine lacks for a build, in one error, with one command that installs it."""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from gfplug.errors import ToolError
from gfplug.project.environment import prerequisites, system_packages

if TYPE_CHECKING:
    from small_machine import Machine

    from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")


def refusal(project: Project) -> ToolError:
    """Return the error of a machine that cannot build."""
    with pytest.raises(ToolError, match="this machine cannot build yet") as caught:
        prerequisites.require(project, project.root / ".venv")
    return caught.value


def test_another_python_is_taken_and_named_with_the_reason(
    machine: Machine, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """One line of the log has the Python and the reason."""
    other = machine.python("python3.13", "3.13.2")
    with caplog.at_level(logging.INFO, "gfplug"):
        python = prerequisites.require(project, project.root / ".venv")

    assert python.path == other
    own = machine.folder / "own/python"
    reason = f"Python 3.12.1 at {own}, which gfplug runs on, has no shared libpython"
    assert caplog.messages == [f"Making .venv with Python 3.13.2 at {other}: {reason}"]


def test_the_use_of_gfplugs_own_python_is_not_logged(
    machine: Machine, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is logged."""
    own = machine.own("3.12.1", libpython=True)
    with caplog.at_level(logging.INFO, "gfplug"):
        assert prerequisites.require(project, project.root / ".venv").path == own

    assert caplog.messages == []


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("apt-get", "apt-get install libpython3.12t64"),
        ("dnf", "dnf install python3.12"),
        ("zypper", "zypper install python312"),
        ("apk", "apk add python3"),
        ("pacman", "pacman -S python"),
        ("brew", "brew install python@3.12"),
        ("none that is known", ""),
    ],
)
def test_the_hint_has_the_command_of_the_installed_package_manager(
    machine: Machine, project: Project, manager: str, line: str
) -> None:
    """The hint has one command, or uv as an alternative; without a package manager, it has no invented command."""
    machine.program(manager)
    error = refusal(project)

    assert "has no shared libpython; no other Python on this machine is suitable" in error.message
    assert error.hint == (f"{line}, or install uv" if line else "install uv")


def test_debians_package_is_not_suggested_for_a_python_from_elsewhere(
    machine: Machine, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pyenv must build its Python again; the system's Python, if installed, needs its package."""
    monkeypatch.setenv("PYENV_ROOT", str(machine.folder / "own"))
    monkeypatch.setattr(system_packages, "_is_the_systems", lambda python: python.path.name == "python3")
    machine.program("apt-get")
    rebuild = "PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force 3.12.1, or install uv"
    assert refusal(project).hint == rebuild

    machine.python("python3", "3.11.2", libpython=False)
    assert refusal(project).hint == f"apt-get install libpython3.11, or {rebuild}"


def test_all_missing_prerequisites_are_reported_at_once(
    machine: Machine, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian lacks python3-venv and libpython, and the disk is full: one command installs both packages."""
    machine.own("3.12.1", missing='["ensurepip"]')
    machine.program("apt-get")
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: SimpleNamespace(free=5_000_000))
    error = refusal(project)

    for part in ("no shared libpython", "has no ensurepip", f"0.0 GB are free at {project.root}"):
        assert part in error.message
    assert error.hint == (
        "apt-get install libpython3.12t64 python3.12-venv, or install uv; make room: a first build takes about 1 GB"
    )


def test_uv_makes_environments_without_ensurepip(machine: Machine, project: Project) -> None:
    """Uv gets no further argument."""
    machine.own("3.12.1", libpython=True, missing='["ensurepip"]')
    machine.program("apt-get")
    assert refusal(project).hint == "apt-get install python3.12-venv, or install uv"

    machine.uv()
    prerequisites.require(project, project.root / ".venv")


def test_the_hint_names_settings_that_forbid_uvs_downloads(
    machine: Machine, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hint says which settings forbid it."""
    machine.uv(can=("3.12.9",))
    monkeypatch.setenv("UV_OFFLINE", "true")

    assert refusal(project).hint == "let uv download a Python (UV_OFFLINE, UV_PYTHON_DOWNLOADS)"


def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error has the system's reason."""

    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    (lack,) = prerequisites.check_disk_space(tmp_path / "not/there/yet")

    assert lack.sentence == f"{tmp_path} cannot be written: Permission denied"


@pytest.mark.parametrize(
    ("platform", "enabled", "length", "lacks"),
    [("win32", False, 115, 1), ("win32", False, 114, 0), ("win32", True, 200, 0), ("linux", False, 200, 0)],
)
def test_a_path_that_windows_refuses_is_named(
    monkeypatch: pytest.MonkeyPatch, platform: str, length: int, lacks: int, *, enabled: bool
) -> None:
    """Long paths are not enabled; gfplug reports this before pip would fail."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(prerequisites, "_long_paths_enabled", lambda: enabled)
    lacking = list(prerequisites.check_path_length(Path("/" + "x" * (length - 1))))
    assert len(lacking) == lacks
    for lack in lacking:
        assert f"has {length} characters" in lack.sentence
        assert "LongPathsEnabled" in lack.advice
