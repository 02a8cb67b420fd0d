"""Fixtures that the tests of bundles share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_project import fake_python

from gfplug.bundle.frontend import linker

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Make a fake interpreter that can freeze."""
    return fake_python(tmp_path / "python")


@pytest.fixture
def _linked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the linker by a fake that always succeeds."""
    monkeypatch.setattr(linker, "read_schema", lambda _project, _python: {"hash": "x", "pluginSchema": {}})
    monkeypatch.setattr(linker, "link_module", lambda _project, _schema: "define([]);\n")
