"""The list of releases: the newest first, with unknown facts marked."""

import pytest
from sdk_world import Server, World

from gfplug import sdk
from gfplug.sdk import SdkVersion


def test_a_source_adds_releases_to_the_index(server: Server, world: World) -> None:
    """Only their numbers are known; releases below the floor are left out."""
    server.serve_body("list", b"v0.299.0\nv0.250.0\nv0.96.0\n")

    first, *others = sdk.releases(with_remote=True)

    assert first == sdk.Release(
        version=world.newer, time=None, commit=None, descriptor=None, same_wire=(), is_embedded=False
    )
    assert [release.version for release in others] == [world.default, world.indexed]


def test_releases_with_the_same_proto_are_listed_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving between them changes nothing."""
    older, oldest = SdkVersion(0, 249, 0), SdkVersion(0, 248, 0)
    world.learn(monkeypatch, *map(world.entry, (oldest, world.indexed, older)))

    releases = {release.version: release for release in sdk.releases()}

    assert releases[older].same_wire == (world.indexed, oldest)
    assert releases[world.default].same_wire == ()
    assert releases[world.default].is_embedded
    assert not releases[older].is_embedded
