"""The tests fetch from the sources, without the cache of an earlier run."""

from pathlib import Path

import pytest

from gfplug.sdk import cache


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
