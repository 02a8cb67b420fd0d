"""`.ci/prerequisites.py`: what `make demo` and `make test` say of a machine before anything else is done."""

from __future__ import annotations

import ast
import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / ".ci" / "prerequisites.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake programs are shell scripts")


class Machine:
    """A machine that lacks what a test says."""

    def __init__(self, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Begin with a Debian and its Python, with ensurepip and a shared libpython; the PATH has apt-get alone."""
        self.programs, self.patch = programs, monkeypatch
        self.script: dict[str, Any] = runpy.run_path(str(SCRIPT))
        self.has_libpython = True
        monkeypatch.setenv("PATH", str(programs))
        monkeypatch.setattr(runpy, "run_path", lambda _path: {"_has_libpython": lambda: self.has_libpython})
        self.python("/usr/bin/python3", (3, 11, 2))
        self.has("apt-get")

    def python(self, path: str, version: tuple[int, ...]) -> None:
        """Say which Python runs the script."""
        self.patch.setattr(sys, "executable", path)
        self.patch.setattr(sys, "version_info", version)
        self.patch.setattr("os.path.realpath", lambda path, **_: path)

    def has(self, name: str, says: str = "") -> None:
        """Put a program on the PATH."""
        (self.programs / name).write_text(f"#!/bin/sh\necho '{says}'\n", encoding="utf-8")
        (self.programs / name).chmod(0o755)

    def lacks_ensurepip(self) -> None:
        """Take the module away, as Debian does."""
        self.patch.setattr(importlib.util, "find_spec", lambda _name: None)

    def asked(self, *goals: str) -> tuple[list[str], list[str]]:
        """Return what is missing for some goals, and what to type."""
        lacks = self.script["missing"](list(goals))
        return [sentence for sentence, _, _ in lacks], self.script["remedies"](lacks)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A Debian that has all that the demo needs."""
    return Machine(tmp_path, monkeypatch)


def test_a_machine_that_has_everything_is_told_nothing() -> None:
    """This one: its tests run."""
    done = subprocess.run(
        [sys.executable, SCRIPT, "demo", "test"], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_everything_is_said_at_once_with_one_line_to_type(machine: Machine) -> None:
    """Debian keeps both apart from Python; git is for the tests."""
    machine.lacks_ensurepip()
    machine.has_libpython = False

    missing, remedies = machine.asked("demo")
    assert [sentence.partition(") ")[2].split(",")[0] for sentence in missing] == [
        "has no ensurepip",
        "has no shared libpython",
    ]
    assert remedies == ["apt-get install python3.11-venv libpython3.11"]
    assert machine.asked("demo", "test")[1] == ["apt-get install python3.11-venv libpython3.11 git"]


@pytest.mark.parametrize(
    ("version", "package"),
    [((3, 11, 2), "libpython3.11"), ((3, 12, 3), "libpython3.12t64"), ((3, 13, 5), "libpython3.13")],
    ids=["Debian 12", "Ubuntu 24.04", "Debian 13"],
)
def test_the_readme_names_the_same_package(machine: Machine, version: tuple[int, ...], package: str) -> None:
    """Each release has one for its Python; Ubuntu's has a suffix since time_t changed."""
    machine.python("/usr/bin/python3", version)
    machine.has_libpython = False

    assert machine.asked("demo")[1] == [f"apt-get install {package}"]
    assert f"`apt-get install make python3-venv {package}`" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_debians_packages_are_not_for_a_python_of_ones_own(machine: Machine) -> None:
    """One that pyenv built is served by another build, or by uv."""
    machine.python("/home/me/.pyenv/versions/3.11.7/bin/python3", (3, 11, 7))
    machine.has_libpython = False

    (remedy,) = machine.asked("demo")[1]
    assert "install uv" in remedy
    assert "PYTHON_CONFIGURE_OPTS=--enable-shared" in remedy


@pytest.mark.parametrize(
    ("name", "says"), [("uv", ""), ("python3.13", '{"libpython": true, "missing": [], "version": [3, 13, 0]}')]
)
def test_the_demo_takes_another_python(machine: Machine, name: str, says: str) -> None:
    """`gfplug build` finds one on the PATH, or asks uv; the tests build with the Python that they run on."""
    machine.has_libpython = False
    machine.has("git")
    machine.has(name, says)

    assert machine.asked("demo") == ([], [])
    assert machine.asked("test")[1] == ["apt-get install libpython3.11"]


@pytest.mark.parametrize("says", ["", '{"libpython": false, "missing": [], "version": [3, 13, 0]}'])
def test_another_python_must_serve(machine: Machine, says: str) -> None:
    """One that does not run, or has no shared libpython either, is no help."""
    machine.has_libpython = False
    machine.has("python3.13", says)

    assert machine.asked("demo")[1] == ["apt-get install libpython3.11"]


def test_every_folder_of_the_path_is_looked_into(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a Python of one's own there may be the system's."""
    machine.has_libpython = False
    first = tmp_path_factory.mktemp("first")
    monkeypatch.setenv("PATH", f"{first}{os.pathsep}{machine.programs}")
    (first / "python3").symlink_to("/bin/false")
    machine.has("python3", '{"libpython": true, "missing": [], "version": [3, 11, 2]}')

    assert machine.asked("demo") == ([], [])


def test_an_old_python_is_the_first_thing_to_change(machine: Machine) -> None:
    """What else it lacks does not matter; a package manager that has a newer one is asked for it."""
    machine.python("/usr/bin/python3", (3, 9, 2))
    machine.has_libpython = False

    assert machine.asked("demo") == (
        ["/usr/bin/python3 (Python 3.9.2) is older than 3.11"],
        ["name a newer Python: make demo PYTHON=python3.12"],
    )
    (machine.programs / "apt-get").rename(machine.programs / "dnf")
    assert machine.asked("demo")[1] == ["dnf install python3.12", "name a newer Python: make demo PYTHON=python3.12"]


def test_what_is_missing_ends_in_exit_code_1(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, a line for each."""
    machine.has_libpython = False

    assert machine.script["main"](["demo"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "missing: /usr/bin/python3 (Python 3.11.2) has no shared libpython, with which plugins are built",
        "what to do: apt-get install libpython3.11",
    ]


def test_any_python_3_reads_the_script() -> None:
    """An old one must be able to say that it is old."""
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 4))
