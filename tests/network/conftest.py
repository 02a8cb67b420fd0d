"""The sources are asked, not what an earlier run has kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gfplug.sdk import cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
