"""Python interpreters on the PATH."""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from gfplug.project.environment import interpreters

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(sys.platform == "win32", reason="programs have a suffix there")
@pytest.mark.parametrize("entry", ["", ".", "bin", "./bin"])
def test_relative_folders_of_the_path_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str) -> None:
    """A relative folder depends on the working folder, whose files may be untrusted."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "real").mkdir()
    for name in ("python3", "bin/python3", "real/python3"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([entry, str(tmp_path / "real")]))

    assert list(interpreters.on_path()) == [tmp_path / "real/python3"]


@pytest.mark.parametrize("path", ["pyproject.toml", "runtime/pyproject.toml"])
def test_both_packages_name_the_tested_pythons(path: str) -> None:
    """The versions have no gap; the libraries accept newer ones, a new project does not."""
    project = tomllib.loads((ROOT / path).read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: 3."
    minors = [int(each.removeprefix(prefix)) for each in project["classifiers"] if each.startswith(prefix)]

    assert project["requires-python"] == ">={}.{}".format(*interpreters.OLDEST_PYTHON)
    assert minors == [*range(interpreters.OLDEST_PYTHON[1], minors[-1] + 1)]
    assert minors[-1] <= interpreters.NEWEST_PYTHON[1]


def test_a_new_projects_range_ends_with_the_newest_python() -> None:
    """Each supported version is in the range, the next one is not."""
    versions = SpecifierSet(interpreters.SUPPORTED_PYTHONS)
    oldest, newest = interpreters.OLDEST_PYTHON[1], interpreters.NEWEST_PYTHON[1]

    assert [minor for minor in range(oldest - 2, newest + 3) if f"3.{minor}.1" in versions] == [
        *range(oldest, newest + 1)
    ]


def test_the_documentation_names_the_range() -> None:
    """It is in the chapter about building."""
    oldest, newest = (".".join(map(str, each)) for each in (interpreters.OLDEST_PYTHON, interpreters.NEWEST_PYTHON))

    assert f"gfplug takes Python {oldest} to {newest}." in (ROOT / "docs/building.md").read_text(encoding="utf-8")
