"""The sources are asked, not what an earlier run has kept."""

from pathlib import Path

import pytest

from gfplug.sdk import cache


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
