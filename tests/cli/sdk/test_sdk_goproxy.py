"""The syntax of GOPROXY and the responses of a proxy, read as Go does."""

from pathlib import Path

import pytest
from sdk_world import World

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import goproxy
from gfplug.sdk.goproxy import ProxySource
from gfplug.sdk.index import MODULE
from gfplug.sdk.web import Deadline, MissingError


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("https://a.example", [ProxySource("https://a.example")]),
        ("https://a.example,direct", [ProxySource("https://a.example"), ProxySource("direct")]),
        (
            "https://a.example|direct",
            [ProxySource("https://a.example", continues_after_errors=True), ProxySource("direct")],
        ),
        (" https://a.example , direct ", [ProxySource("https://a.example"), ProxySource("direct")]),
        ("https://a.example,", [ProxySource("https://a.example")]),
        (",,https://a.example", [ProxySource("https://a.example")]),
        ("https://a.example,off,https://b.example", [ProxySource("https://a.example"), ProxySource("off")]),
        ("direct,https://a.example", [ProxySource("direct")]),
        ("off", [ProxySource("off")]),
        ("a.example/go", [ProxySource("https://a.example/go")]),
        (
            "file:///srv/go|https://a.example",
            [ProxySource("file:///srv/go", continues_after_errors=True), ProxySource("https://a.example")],
        ),
        (
            "https://a.example||https://b.example",
            [ProxySource("https://a.example", continues_after_errors=True), ProxySource("https://b.example")],
        ),
    ],
)
def test_goproxy_is_read_as_go_reads_it(text: str, sources: list[ProxySource]) -> None:
    """It has commas, bars, spaces, a trailing comma, and unreachable entries after off and direct."""
    assert goproxy.parse(text) == sources


@pytest.mark.parametrize("text", [",", " ", "|,|"])
def test_a_goproxy_without_entries_is_an_error(text: str) -> None:
    """GOPROXY is set to an empty list."""
    with pytest.raises(FetchError, match="has no entry"):
        goproxy.parse(text)


def _store(folder: Path, name: str, content: bytes) -> None:
    path = folder / MODULE / "@v" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_a_folder_serves_as_a_proxy(tmp_path: Path, world: World) -> None:
    """A file:// address works as a proxy; its path may have spaces."""
    root = tmp_path / "a proxy"
    _store(root, "v0.250.0.zip", b"zip")
    _store(
        root,
        "v0.250.0.info",
        b'{"Version": "v0.250.0", "Time": "2024-09-19T09:32:02Z", "Origin": {"Hash": "%s"}}' % world.commit.encode(),
    )

    module = goproxy.download(root.as_uri(), world.indexed, Deadline(5))

    assert (module.content, module.time, module.commit) == (b"zip", "2024-09-19T09:32:02Z", world.commit)


def test_a_missing_file_is_a_missing_release(tmp_path: Path, world: World) -> None:
    """As after a 404, the next source is tried."""
    with pytest.raises(MissingError, match="does not exist"):
        goproxy.download(tmp_path.as_uri(), world.indexed, Deadline(5))


@pytest.mark.parametrize(
    "info", [b"", b"not json", b"[]", b'{"Origin": {"Hash": "../.."}}', b'{"Origin": 3, "Time": 4}']
)
def test_an_info_file_without_commit_and_time_is_accepted(tmp_path: Path, world: World, info: bytes) -> None:
    """Old proxies leave facts out; the zip is enough."""
    _store(tmp_path, "v0.250.0.zip", b"zip")
    if info:
        _store(tmp_path, "v0.250.0.info", info)

    module = goproxy.download(tmp_path.as_uri(), world.indexed, Deadline(5))

    assert (module.commit, module.time) == (None, None)


def test_an_info_file_for_another_version_is_refused(tmp_path: Path, world: World) -> None:
    """The proxy answered another request."""
    _store(tmp_path, "v0.250.0.zip", b"zip")
    _store(tmp_path, "v0.250.0.info", b'{"Version": "v0.251.0"}')

    with pytest.raises(IntegrityError, match=r"describes 'v0\.251\.0'"):
        goproxy.download(tmp_path.as_uri(), world.indexed, Deadline(5))


def test_a_list_is_sorted_and_has_only_releases(tmp_path: Path) -> None:
    """A proxy may send any order, other versions, and duplicates."""
    _store(tmp_path, "list", b"v0.99.0\r\nv0.100.0\n\nv0.100.0\nv0.101.0-rc1\n\xff\xfe\n<html>\nv0.98.0 ")

    assert [str(version) for version in goproxy.list_releases(tmp_path.as_uri(), Deadline(5))] == [
        "v0.98.0",
        "v0.99.0",
        "v0.100.0",
    ]
