"""Go's module cache: a complete release is used, an incomplete one is skipped."""

import json
import logging
from pathlib import Path

import pytest
from sdk_world import World

from gfplug.sdk import gomodcache


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, world: World) -> Path:
    """Put one release into Go's module cache."""
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "mod"))
    place = world.fill_module_cache(tmp_path / "mod", world.zip(world.indexed))
    (place / "v0.250.0.info").write_text(json.dumps({"Version": "v0.250.0", "Origin": {"Hash": world.commit}}))
    return place


@pytest.mark.parametrize("has_info", [True, False])
def test_a_downloaded_release_is_found(folder: Path, world: World, *, has_info: bool) -> None:
    """It has the commit if Go recorded one; the zip is enough."""
    if not has_info:
        (folder / "v0.250.0.info").unlink()
    module = gomodcache.find(world.indexed)

    assert module is not None
    assert module.commit == (world.commit if has_info else None)
    assert gomodcache.find(world.newer) is None


@pytest.mark.parametrize("name", ["v0.250.0.zip", "v0.250.0.ziphash"])
@pytest.mark.parametrize(
    ("content", "warning"), [(None, ""), (b"damaged", "module cache was ignored for SDK v0.250.0")]
)
def test_an_incomplete_download_is_skipped(
    folder: Path, world: World, name: str, caplog: pytest.LogCaptureFixture, *, content: bytes | None, warning: str
) -> None:
    """Go writes the zip's checksum last. A message names the damage, and the network is tried."""
    (folder / name).unlink()
    if content:
        (folder / name).write_bytes(content)

    with caplog.at_level(logging.WARNING, logger="gfplug"):
        assert gomodcache.find(world.indexed) is None
    assert warning in caplog.text
    assert bool(warning) == bool(caplog.text)
