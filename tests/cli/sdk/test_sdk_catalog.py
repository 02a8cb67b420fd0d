"""The list of releases: newest first, and honest about what is not known."""

import pytest
from sdk_world import Server, World

from gfplug import sdk
from gfplug.sdk import SdkVersion


def test_a_source_adds_what_the_index_does_not_know(server: Server, world: World) -> None:
    """Of those nothing but the number is known; what is too old is left out."""
    server.serve_body("list", b"v0.299.0\nv0.250.0\nv0.96.0\n")

    first, *others = sdk.releases(with_remote=True)

    assert first == sdk.Release(
        version=world.newer, time=None, commit=None, descriptor=None, same_wire=(), is_embedded=False
    )
    assert [release.version for release in others] == [world.default, world.indexed]


def test_releases_of_one_wire_name_each_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving among them changes nothing."""
    older, oldest = SdkVersion(0, 249, 0), SdkVersion(0, 248, 0)
    world.learn(monkeypatch, *map(world.entry, (oldest, world.indexed, older)))

    releases = {release.version: release for release in sdk.releases()}

    assert releases[older].same_wire == (world.indexed, oldest)
    assert releases[world.default].same_wire == ()
    assert releases[world.default].is_embedded
    assert not releases[older].is_embedded
