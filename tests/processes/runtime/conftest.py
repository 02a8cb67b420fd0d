"""Fixtures that start the sample plugin as a process, with the runtime and its stubs on the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from runtime_stubs import pytest_configure, stub_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from children import Child

__all__ = ["pytest_configure", "stub_folder"]


@pytest.fixture
def child(stub_folder: Path, tmp_path: Path) -> Iterator[Child]:
    """Start the sample plugin."""
    from children import plugin  # noqa: PLC0415 - it imports the stubs, which `pytest_configure` makes

    with plugin(stub_folder, tmp_path) as running:
        yield running


@pytest.fixture
def async_child(stub_folder: Path, tmp_path: Path) -> Iterator[Child]:
    """Start the sample plugin whose handlers are coroutines."""
    from children import plugin  # noqa: PLC0415 - as above

    with plugin(stub_folder, tmp_path, kind="async") as running:
        yield running
