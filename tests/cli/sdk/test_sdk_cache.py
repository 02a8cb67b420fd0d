"""The cache of fetched protos: damage to it changes no result."""

import json
from unittest.mock import Mock

import pytest
from sdk_world import World

from gfplug.sdk import cache
from gfplug.sdk.protoset import ProtoSet, verify_proto


@pytest.fixture
def protos(world: World) -> ProtoSet:
    """Make a proto as if it had been fetched."""
    return verify_proto(world.proto, world.indexed, source="github", commit=world.commit)


def test_a_cached_proto_is_found(protos: ProtoSet, world: World) -> None:
    """It has its commit, and its source is the cache."""
    cache.store(protos)
    copy = cache.find(world.indexed)

    assert copy is not None
    assert (copy.text, copy.commit, copy.source) == (world.proto, world.commit, "cache")
    assert cache.find(world.newer) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:0],
        lambda text: text[1:],
        lambda text: f"[{text}]",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("CallResource", "CallSomething"),
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text.replace("v0.250.0", "v0.251.0"),
        lambda text: text.replace('"sha256"', '"digest"'),
        lambda text: json.dumps({**json.loads(text), "proto": 3}),
    ],
)
def test_a_damaged_file_counts_as_absent(protos: ProtoSet, world: World, damage: object) -> None:
    """A full disk, another gfplug or an editor may have changed it."""
    cache.store(protos)
    path = cache.folder() / "v0.250.0.json"
    path.write_text(damage(path.read_text()))  # type: ignore[operator]  # a function from text to text

    assert cache.find(world.indexed) is None
    cache.store(protos)
    assert cache.find(world.indexed) is not None


def test_a_whole_file_with_the_wrong_proto_counts_as_absent(
    protos: ProtoSet, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stored when the release was unknown, and the index now has another digest."""
    cache.store(protos)
    world.learn(monkeypatch, world.entry(world.indexed, sha256="f" * 64))

    assert cache.find(world.indexed) is None


@pytest.mark.parametrize("place", ["a file in the way", "no home"])
def test_an_unwritable_cache_changes_no_result(
    protos: ProtoSet, world: World, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The disk may be read-only; for a user without a home, Path.home raises RuntimeError."""
    if place == "no home":
        monkeypatch.setattr(cache, "folder", Mock(side_effect=RuntimeError))
    else:
        cache.folder().write_text("in the way")
    cache.store(protos)

    assert cache.find(world.indexed) is None
