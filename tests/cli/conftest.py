"""Fixtures that the tests of the command line share."""

from pathlib import Path

import pytest
from small_bundle import small_bundle
from small_project import small_project

from gfplug.project.plugin_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a small project."""
    return small_project(tmp_path / "project")


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Make a valid bundle."""
    return small_bundle(tmp_path / "dist")
