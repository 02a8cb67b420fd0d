"""`gfplug doctor` looks at the machine: its Pythons, its C library, its programs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from gfplug.checks import doctor

if TYPE_CHECKING:
    from pathlib import Path

    from small_machine import Machine


def test_the_machine_is_examined(tmp_path: Path) -> None:
    """Each examination reports a state; this machine can build, or the build's tests could not run."""
    examined = {each.name: each for each in doctor.examine(None, folder=tmp_path)}

    system = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, "C library")
    assert {"Python", "libpython", "venv", system, "disk", "git"} <= set(examined)
    assert examined["Python"].is_good
    assert all(each.state for each in examined.values())


@pytest.mark.parametrize(("platform", "name"), [("win32", "Windows"), ("darwin", "macOS")])
def test_other_systems_have_no_c_library_to_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, name: str
) -> None:
    """The report has the system and its version instead."""
    monkeypatch.setattr(sys, "platform", platform)
    names = [each.name for each in doctor.examine(None, folder=tmp_path)]
    assert name in names
    assert "C library" not in names


@pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")
def test_a_bare_machine_gets_all_problems_at_once(tmp_path: Path, machine: Machine) -> None:
    """Each missing thing is listed, with the package manager's command; binutils is not."""
    machine.own("3.12.1", missing='["ensurepip"]')
    machine.program("dnf")
    examined = doctor.examine(None, folder=tmp_path)

    assert {each.name: each.remedy for each in examined if not each.is_good and each.name != "C library"} == {
        "libpython": "dnf install python3.12, or install uv",
        "venv": "install uv",
    }
    (git,) = (each.state for each in examined if each.name == "git")
    assert git.startswith("not found (optional): it merges your changes and the template's in an upgrade, and gives ")
    assert not [each for each in examined if "objcopy" in f"{each.name} {each.state} {each.remedy}"]


@pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")
def test_a_build_does_not_use_a_free_threaded_python(tmp_path: Path, machine: Machine) -> None:
    """Neither gfplug's Python nor the project's may be free-threaded."""
    machine.own("3.13.1t", libpython=True)
    (examined,) = (each for each in doctor.examine(None, folder=tmp_path) if each.name == "libpython")

    assert not examined.is_good
    assert "Python 3.13.1t at " in examined.state
    assert "is free-threaded, and grpcio has no wheels for such builds; no other Python on this" in examined.state


@pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")
def test_the_python_that_a_build_takes_is_named(tmp_path: Path, machine: Machine) -> None:
    """It may be another Python on this machine, or one that uv downloads; the report names it."""
    machine.uv(can=("3.13.1",))
    (before,) = (each for each in doctor.examine(None, folder=tmp_path) if each.name == "libpython")
    other = machine.python("python3.13", "3.13.0")
    (after,) = (each for each in doctor.examine(None, folder=tmp_path) if each.name == "libpython")

    assert before.is_good
    assert before.state.endswith("has no shared libpython: `gfplug build` lets uv download Python 3.13")
    assert after.is_good
    assert after.state.endswith(f"has no shared libpython: `gfplug build` uses Python 3.13.0 at {other}")
