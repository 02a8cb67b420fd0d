"""One built project for all tests of this folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from building import Built, built, new

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this folder's tests, and keep them with one worker: they share what takes long."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("build"))


@pytest.fixture(scope="session")
def signals(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the default example; tests leave it as it is."""
    return built(new(tmp_path_factory.mktemp("signals") / "project"))


@pytest.fixture
def copy(signals: Built, tmp_path: Path) -> Path:
    """Give a copy of the built project, which the test may break."""
    return Path(shutil.copytree(signals.project, tmp_path / "elsewhere" / "copy", symlinks=True))
