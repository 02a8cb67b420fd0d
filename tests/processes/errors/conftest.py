"""Errors are caused here as by a user, on the command line; docs/errors.md has the table of them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import Ended
from projects import new_project

from gfplug.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = f"{Path(__file__).parent}{os.sep}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start plugins."""
    for item in items:
        if str(item.path).startswith(FOLDER):
            item.add_marker(pytest.mark.timeout(120))


@pytest.fixture
def gfplug(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run gfplug as the command line does."""

    def run(*words: str | Path) -> Ended:
        code = main([str(word) for word in words])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def call(gfplug: Callable[..., Ended]) -> Callable[..., Ended]:
    """Run `gfplug call` with this interpreter's packages: installing the project's would take minutes."""

    def run(*words: str | Path) -> Ended:
        return gfplug("call", *words, "--python", sys.executable)

    return run


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project once."""
    return new_project(tmp_path_factory.mktemp("errors") / "project")


@pytest.fixture
def project(fresh: Path, tmp_path: Path) -> Path:
    """Return a copy of the project, which a test may break."""
    return Path(shutil.copytree(fresh, tmp_path / "project"))
