"""Go's module cache: used when whole, passed over when not."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from gfplug.sdk import gomodcache

if TYPE_CHECKING:
    from pathlib import Path

    from sdk_world import World


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, world: World) -> Path:
    """Fill Go's module cache with one release."""
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "mod"))
    place = world.fill_module_cache(tmp_path / "mod", world.zip(world.known))
    (place / "v0.250.0.info").write_text(json.dumps({"Version": "v0.250.0", "Origin": {"Hash": world.commit}}))
    return place


@pytest.mark.usefixtures("folder")
def test_a_downloaded_release_is_found(world: World) -> None:
    """With the commit that Go noted."""
    found = gomodcache.find(world.known)

    assert found is not None
    assert found.commit == world.commit
    assert gomodcache.find(world.newer) is None


@pytest.mark.parametrize("name", ["v0.250.0.zip", "v0.250.0.ziphash"])
def test_a_half_finished_download_is_passed_over(folder: Path, world: World, name: str) -> None:
    """Go writes the zip's checksum last."""
    (folder / name).unlink()

    assert gomodcache.find(world.known) is None


def test_a_missing_info_is_no_failure(folder: Path, world: World) -> None:
    """The zip says enough."""
    (folder / "v0.250.0.info").unlink()
    found = gomodcache.find(world.known)

    assert found is not None
    assert found.commit is None


@pytest.mark.parametrize("name", ["v0.250.0.zip", "v0.250.0.ziphash"])
def test_a_damaged_download_is_passed_over_and_named(
    folder: Path, world: World, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The network may still have it whole."""
    (folder / name).write_bytes(b"damaged")

    with caplog.at_level(logging.WARNING, logger="gfplug"):
        assert gomodcache.find(world.known) is None
    assert "module cache was passed over for SDK v0.250.0" in caplog.text
