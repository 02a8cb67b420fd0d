"""fetch and resolve: the order of sources, and their errors."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sdk_world import Server, World

from gfplug import sdk
from gfplug.errors import CompatError, FetchError
from gfplug.sdk import SdkVersion, cache


def test_the_embedded_proto_needs_no_source(server: Server, world: World) -> None:
    """No request is sent, and nothing is stored."""
    assert sdk.fetch(world.default).source == "embedded"
    assert server.requests == []
    assert not cache.folder().exists()


def test_a_fetched_proto_is_cached(server: Server, world: World) -> None:
    """The second time the cache answers, also offline."""
    server.serve_body("v0.250.0.zip", world.zip(world.indexed))

    assert sdk.fetch(world.indexed).source == "goproxy"
    count = len(server.requests)
    assert sdk.fetch(world.indexed, offline=True).source == "cache"
    assert len(server.requests) == count


def test_gos_module_cache_comes_before_the_network(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Go developers have the SDK already."""
    monkeypatch.setenv("GOMODCACHE", str(tmp_path))
    world.fill_module_cache(tmp_path, world.zip(world.indexed))

    assert sdk.fetch(world.indexed, offline=True).source == "gomodcache"
    assert server.requests == []


def test_a_tampered_module_cache_is_skipped(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its own checksum may match; the index does not."""
    monkeypatch.setenv("GOMODCACHE", str(tmp_path))
    world.fill_module_cache(tmp_path, world.zip(world.indexed, {"proto/backend.proto": world.proto, "x": b"x"}))
    server.serve_body("v0.250.0.zip", world.zip(world.indexed))

    assert sdk.fetch(world.indexed).source == "goproxy"


def test_offline_without_a_copy_is_a_fetch_error(server: Server, world: World) -> None:
    """The hint names a solution."""
    with pytest.raises(FetchError, match="not on this machine") as excinfo:
        sdk.fetch(world.indexed, offline=True)
    assert "--from" in excinfo.value.hint
    assert server.requests == []


@pytest.mark.parametrize("text", ["v0.96.9", "v0.4.0", "0.1.0"])
def test_a_version_below_the_floor_is_refused_without_a_request(server: Server, text: str) -> None:
    """Resolving and fetching both refuse it."""
    with pytest.raises(CompatError, match="too old"):
        sdk.resolve(text)
    with pytest.raises(CompatError, match="too old"):
        sdk.fetch(SdkVersion.parse(text))
    assert server.requests == []


def test_a_release_that_does_not_exist_is_named(server: Server) -> None:
    """The error has the requested address."""
    with pytest.raises(FetchError, match=r"cannot fetch SDK v0\.999\.0: .*v0\.999\.0\.zip answered 404"):
        sdk.fetch(SdkVersion(0, 999, 0))
    assert len(server.requests) == 1


def test_default_and_versions_resolve_without_a_network(server: Server, world: World) -> None:
    """Only `latest` needs a network."""
    assert sdk.resolve("default") == world.default == sdk.default()
    assert sdk.resolve("0.250.0") == world.indexed
    assert sdk.resolve("latest", offline=True) == world.default
    assert server.requests == []


@pytest.mark.parametrize(
    ("listing", "latest"),
    [
        (b"v0.299.0\nv0.300.0-rc1\nv0.301.0-0.20260703205439-e61270664e2c\n", "v0.299.0"),
        (b"v0.300.0-rc1\n", "v0.298.0"),
        (b"", "v0.298.0"),
        (b"v0.290.0\n", "v0.298.0"),
    ],
)
def test_latest_is_the_newest_release_listed_or_known(server: Server, listing: bytes, latest: str) -> None:
    """Pre-releases do not count, and an old list of a proxy does not lower the version."""
    server.serve_body("list", listing)

    assert str(sdk.resolve("latest")) == latest


def test_latest_without_a_network_is_a_fetch_error(server: Server) -> None:
    """The newest known release is used only with --offline."""
    server.serve_status("list", 403)

    with pytest.raises(FetchError, match="answered 403"):
        sdk.resolve("latest")


@pytest.mark.slow
def test_several_threads_can_fetch_at_once(server: Server, world: World) -> None:
    """All get the same proto, and the cache is valid."""
    server.serve_body("v0.250.0.zip", world.zip(world.indexed))

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: sdk.fetch(world.indexed), range(16)))

    assert {protos.text for protos in results} == {world.proto}
    assert sdk.fetch(world.indexed, offline=True).source == "cache"
