"""What goes wrong is provoked here as a user meets it, from the command line; docs/errors.md is the table of it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gfplug import sdk
from gfplug.cli import main
from gfplug.scaffold import new
from gfplug.scaffold.template import Answers

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts plugins."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(120))


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def gfplug(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run gfplug as the command line does."""

    def run(*words: str | Path) -> Said:
        code = main([str(word) for word in words])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def call(gfplug: Callable[..., Said]) -> Callable[..., Said]:
    """Run `gfplug call` with this interpreter's packages: a project's own would take minutes to install."""

    def run(*words: str | Path) -> Said:
        return gfplug("call", *words, "--python", sys.executable)

    return run


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project once."""
    answers = Answers(org="acme", name="sales", title="Sales", description="Sales", author="Acme", example="signals")
    folder = tmp_path_factory.mktemp("errors") / "project"
    request = new.NewProject(answers=answers, destination=folder, sdk_version=sdk.default(), offline=True)
    return new.create(request).root


@pytest.fixture
def project(fresh: Path, tmp_path: Path) -> Path:
    """Give a project to break."""
    return Path(shutil.copytree(fresh, tmp_path / "project"))
