"""`.ci/prerequisites.py`: the messages of `make demo` and `make test` about a machine, before their first step."""

from __future__ import annotations

import ast
import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import run

from gfplug.project.environment import interpreters, prerequisites, system_packages

if TYPE_CHECKING:
    from small_machine import Machine

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "prerequisites.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake interpreters are shell scripts")


@pytest.fixture
def machine(machine: Machine) -> Machine:
    """Make a Debian with git."""
    machine.program("apt-get")
    machine.program("git")
    return machine


def list_lacks(*goals: str) -> tuple[list[str], str]:
    """Return the missing parts of a machine for some goals, without the Python's name, and the command to type."""
    lacks = list(runpy.run_path(str(SCRIPT))["missing"](goals))
    return [lack.sentence.partition(" has ")[2] or lack.sentence for lack in lacks], prerequisites.remedy(lacks)


def test_a_machine_that_has_everything_gets_no_message() -> None:
    """This machine has everything, since its tests run."""
    done = run(sys.executable, SCRIPT, "demo", "test")

    assert (done.code, done.out, done.err) == (0, "", "")


def test_all_missing_parts_are_reported_at_once_with_one_command(machine: Machine) -> None:
    """Debian packages ensurepip and libpython separately; git is for the tests."""
    (machine.folder / "bin/git").unlink()
    machine.own("3.11.2", missing='["ensurepip"]')
    libpython = "no shared libpython"

    sentences, hint = list_lacks("demo")
    assert sentences == ["no ensurepip", f"{libpython}; no other Python on this machine is suitable"]
    assert hint.startswith("apt-get install python3.11-venv libpython3.11")
    assert list_lacks("demo", "test") == (
        ["no ensurepip", libpython, "git is not on PATH"],
        "apt-get install python3.11-venv libpython3.11 git",
    )


def test_the_demo_takes_another_python(machine: Machine) -> None:
    """`gfplug build` finds a Python on the PATH, or through uv; the tests build with the Python that they run on."""
    machine.own("3.11.2")
    machine.uv(can=("3.13.1",))
    assert list_lacks("demo") == ([], "")
    assert list_lacks("test") == (["no shared libpython"], "apt-get install libpython3.11")

    (machine.folder / "bin/uv").unlink()
    machine.python("python3.13", "3.13.0")
    assert list_lacks("demo") == ([], "")


def test_lint_and_unit_tests_need_a_python_alone(machine: Machine) -> None:
    """They build no plugin and start no git."""
    (machine.folder / "bin/git").unlink()

    assert list_lacks("check", "unit") == ([], "")


@pytest.mark.usefixtures("machine")
def test_a_self_built_python_gets_no_hint_with_a_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a Python that was built without the library, the hint is another Python."""
    monkeypatch.setattr(system_packages, "_is_the_systems", lambda _interpreter: False)

    assert list_lacks("demo")[1] == "install uv"
    assert list_lacks("test")[1] == "name a Python that has one: make test PYTHON=..."


def test_the_readme_names_debians_packages(machine: Machine) -> None:
    """Each Debian release has a package for its Python."""
    table = (ROOT / "README.md").read_text(encoding="utf-8")
    for version in ("3.11.2", "3.12.3", "3.13.5"):
        machine.own(version)
        package = list_lacks("test")[1].removeprefix("apt-get install ")

        assert f"`apt-get install make python3-venv {package}`" in table


def test_missing_parts_end_in_exit_code_1(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stderr has a line for each missing part, then the command to type."""
    python = machine.own("3.11.2")
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(SCRIPT))["main"](["test"])

    assert str(ended.value).splitlines() == [
        f"error: Python 3.11.2 at {python} has no shared libpython",
        "hint: apt-get install libpython3.11",
    ]


def test_an_old_python_is_the_first_thing_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other missing parts do not matter, since this Python could not read gfplug's code."""
    main: Any = runpy.run_path(str(SCRIPT))["main"]
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    with pytest.raises(SystemExit) as ended:
        main(["demo"])

    assert f"{sys.executable} is Python 3.9.2; 3.11 or newer is needed" in str(ended.value)
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_make_pythons_runs_the_tests_and_a_project_on_each_supported_python() -> None:
    """A missing Python is a failure, unless the option allows it."""
    script = ROOT / ".ci" / "noxfile.py"
    output = run(sys.executable, "-m", "nox", "--noxfile", script, "--list").out
    minors = range(interpreters.OLDEST_PYTHON[1], interpreters.NEWEST_PYTHON[1] + 1)
    assert {line.split()[1] for line in output.splitlines() if line.startswith("* ")} == {
        f"{session}-3.{minor}" for session in ("unit", "project") for minor in minors
    }

    absent = f"3.{next(minor for minor in reversed(minors) if minor != sys.version_info[1])}"
    bare = {**os.environ, "PATH": str(Path(sys.executable).parent), "UV_NO_MANAGED_PYTHON": "1", "CI": ""}
    words = (sys.executable, "-m", "nox", "--noxfile", script, "--session", f"unit-{absent}")
    ends = [run(*words, env={**bare, "PYTHONS_MAY_BE_MISSING": word}) for word in ("", "1")]
    assert [end.code for end in ends] == [1, 0], ends
    assert all(f"Python interpreter {absent} not found" in end.err for end in ends)
