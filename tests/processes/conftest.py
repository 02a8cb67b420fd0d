"""Fixtures of the tests that start processes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from small_machine import Machine
from small_project import small_project

from gfplug.project.environment import system_packages

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.project.plugin_project import Project

collect_ignore = [] if sys.platform == "linux" else ["errors", "runtime"]
"""Folders whose tests start plugins, and use sockets, signals and /proc; elsewhere tests/platforms starts plugins."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a small project."""
    return small_project(tmp_path / "project")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make a machine on which gfplug runs on the system's Python 3.12.1, without a shared libpython."""
    bare = Machine(tmp_path, monkeypatch)
    monkeypatch.setattr(system_packages, "_is_the_systems", lambda python: python.path.parent == bare.folder / "own")
    return bare


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prevent commands that run in this process from setting its signal handlers."""
    monkeypatch.setattr("signal.signal", lambda *_: None)
