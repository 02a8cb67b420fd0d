"""The order of remote sources, and the checks of a response."""

import socket

import pytest
from sdk_world import Server, World

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import github, remote


def test_a_release_is_fetched_from_the_proxy(server: Server, world: World) -> None:
    """The zip is verified, and the commit recorded."""
    server.serve_body("v0.250.0.zip", world.zip(world.indexed))
    server.serve_body("v0.250.0.info", b'{"Version": "v0.250.0", "Origin": {"Hash": "%s"}}' % world.commit.encode())

    protos = remote.fetch(world.indexed, seconds=5)

    assert (protos.source, protos.commit, protos.text) == ("goproxy", world.commit, world.proto)


@pytest.mark.parametrize(
    ("separator", "status", "moves_on"),
    [(",", 404, True), (",", 410, True), (",", 403, False), (",", 500, False), ("|", 403, True), ("|", 500, True)],
)
def test_the_separator_decides_whether_the_next_source_is_asked(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch, separator: str, status: int, *, moves_on: bool
) -> None:
    """After a comma only "not found" leads to the next source, after a bar every error does."""
    monkeypatch.setenv("GOPROXY", f"{server.url}/first{separator}{server.url}")
    first = f"/first/{server.module}/@v/v0.250.0.zip"
    server.serve_status(first, status)
    server.serve_body("v0.250.0.zip", world.zip(world.indexed))

    if moves_on:
        assert remote.fetch(world.indexed, seconds=5).text == world.proto
    else:
        with pytest.raises(FetchError, match=f"cannot fetch SDK v0.250.0: .* answered {status}"):
            remote.fetch(world.indexed, seconds=5)
        assert {request.path for request in server.requests} == {first}


@pytest.mark.parametrize("body", [b"<html>", b"", b"PK\x03\x04"])
def test_a_broken_response_leads_to_the_next_source_only_after_a_bar(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """Half a zip counts as an error."""
    server.serve_body(f"/first/{server.module}/@v/v0.250.0.zip", body)
    server.serve_body("v0.250.0.zip", world.zip(world.indexed))

    monkeypatch.setenv("GOPROXY", f"{server.url}/first|{server.url}")
    assert remote.fetch(world.indexed, seconds=5).text == world.proto
    monkeypatch.setenv("GOPROXY", f"{server.url}/first,{server.url}")
    with pytest.raises(IntegrityError, match="not a whole zip"):
        remote.fetch(world.indexed, seconds=5)


@pytest.mark.parametrize(
    "entries",
    [
        {"proto/backend.proto": b"PROTO+"},
        {"proto/backend.proto": b"PROTO", "go.mod": b"another"},
        {"proto/backend.proto": b"<html></html>"},
    ],
)
def test_a_tampered_zip_is_refused_with_any_separator(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch, entries: dict[str, bytes]
) -> None:
    """It has another proto, another file, or is a web page; no other source is tried."""
    monkeypatch.setenv("GOPROXY", f"{server.url}|off")
    content = {name: text.replace(b"PROTO", world.proto) for name, text in entries.items()}
    server.serve_body("v0.250.0.zip", world.zip(world.indexed, content))

    with pytest.raises(IntegrityError):
        remote.fetch(world.indexed, seconds=5)


def test_direct_leads_to_github(server: Server, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy does not have the release; the error has both failures."""
    monkeypatch.setenv("GOPROXY", f"{server.url},direct")

    with pytest.raises(FetchError, match=r"cannot reach http://127\.0\.0\.1:1/raw") as excinfo:
        remote.fetch(world.indexed, seconds=5)
    assert "v0.250.0.zip answered 404" in excinfo.value.details


def test_without_a_configured_proxy_github_is_the_source(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy is built in."""
    monkeypatch.delenv("GOPROXY", raising=False)
    monkeypatch.setattr(github, "download", lambda *_: github.TaggedProto(world.proto, world.commit))

    protos = remote.fetch(world.indexed, seconds=5)

    assert (protos.source, protos.commit) == ("github", world.commit)


def test_a_private_module_never_reaches_the_proxy(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GOPRIVATE forbids the request."""
    monkeypatch.setenv("GOPRIVATE", "github.com/grafana/*")

    with pytest.raises(FetchError, match="raw"):
        remote.fetch(world.indexed, seconds=5)
    assert server.requests == []


def test_the_releases_of_the_first_source_that_answers_are_listed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy without a list leads to the next source."""
    monkeypatch.setenv("GOPROXY", f"{server.url}/first,{server.url}")
    server.serve_body("list", b"v0.300.0\nv0.299.0\n")

    assert [str(version) for version in remote.releases()] == ["v0.299.0", "v0.300.0"]


def test_the_deadline_is_for_all_requests_together(
    server: Server, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a source that never answers, no time is left for the next one."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("GOPROXY", f"http://127.0.0.1:{silent.getsockname()[1]}|{server.url}")

        with pytest.raises(FetchError, match=r"the download took longer than 0\.3 s"):
            remote.fetch(world.indexed, seconds=0.3)
    assert server.requests == []
