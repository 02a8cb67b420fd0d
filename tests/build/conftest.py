"""One built project for all tests of this folder."""

import os
import shutil
from pathlib import Path

import pytest
from building import BuiltProject, Interpreter, must_build
from environments import clean
from projects import new_project

FOLDER = f"{Path(__file__).parent}{os.sep}"
BUILDING = {"bundles", "copy", "dist", "signals_http2", "starter"}
"""The fixtures that build another project, or return a project that a test builds."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that build a project besides the one that all tests of this folder share."""
    for item in items:
        if str(item.path).startswith(FOLDER) and BUILDING.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.bundles)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a new project, and an environment with only the packages that it requires."""
    folder = tmp_path_factory.mktemp("signals")
    project = new_project(folder / "project")
    Interpreter.path = clean(folder / "environment", project=project)
    return project


@pytest.fixture(scope="session")
def signals(fresh: Path) -> BuiltProject:
    """Build the default example; tests do not change it."""
    return must_build(fresh)


@pytest.fixture(scope="session")
def signals_http2(signals: BuiltProject, tmp_path_factory: pytest.TempPathFactory) -> BuiltProject:
    """Build the default example with the runtime's HTTP/2 transport."""
    copy = tmp_path_factory.mktemp("http2") / "project"
    shutil.copytree(signals.project, copy, symlinks=True)
    program = copy / "src" / "plugin" / "__main__.py"
    program.write_text(program.read_text().replace("serve(load)", 'serve(load, transport="http2")'))
    return must_build(copy)


@pytest.fixture(scope="session")
def bundles(signals: BuiltProject, tmp_path_factory: pytest.TempPathFactory) -> dict[str, BuiltProject]:
    """Return the default example, built in each libc mode."""
    copy = tmp_path_factory.mktemp("bundled") / "project"
    shutil.copytree(signals.project, copy, symlinks=True)
    return {"system": signals, "bundled": must_build(copy, "--libc", "bundled")}


@pytest.fixture
def copy(signals: BuiltProject, tmp_path: Path) -> Path:
    """Return a copy of the built project, which the test may break."""
    return Path(shutil.copytree(signals.project, tmp_path / "elsewhere" / "copy", symlinks=True))
