"""An isolated environment for each test: no caches, no proxies, a small index, and a server that can misbehave."""

import io
import socket
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingTCPServer
from threading import Event
from typing import Any

import pytest

from gfplug import files
from gfplug.sdk import FLOOR, SdkVersion, cache, github, goenv, index, modzip, web
from gfruntime.testing.fakes import Answer, ReceivedRequest, Upstream

PROTO = b"""syntax = "proto3";
package pluginv2;
message Empty {}
service Resource { rpc CallResource(Empty) returns (stream Empty); }
service Data { rpc QueryData(Empty) returns (Empty); }
service Diagnostics { rpc CheckHealth(Empty) returns (Empty); }
service Stream { rpc RunStream(Empty) returns (stream Empty); }
"""
NOBODY = "http://127.0.0.1:1"
"""An address where no server listens; tests use it as GitHub's."""
_VARIABLES = (
    *("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOPATH", "GOMODCACHE", "NETRC"),
    *("GFPLUG_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
)


def make_zip(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """Make a zip of names and contents, in their order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


@dataclass(frozen=True)
class World:
    """The releases of the test's index, and functions that make more."""

    default: SdkVersion
    indexed: SdkVersion
    newer: SdkVersion
    commit: str = "a" * 40
    proto: bytes = PROTO

    def zip(self, version: SdkVersion, entries: Mapping[str, bytes] | None = None) -> bytes:
        """Make a module zip; names of entries are below the module's prefix."""
        files = {"proto/backend.proto": PROTO, "go.mod": b"module x\n"} if entries is None else entries
        return make_zip((f"{index.MODULE}@{version}/{name}", content) for name, content in files.items())

    def fill_module_cache(self, folder: Path, content: bytes) -> Path:
        """Put the known release into Go's module cache as Go does, and return the folder."""
        place = folder / "cache" / "download" / index.MODULE / "@v"
        place.mkdir(parents=True)
        (place / f"{self.indexed}.zip").write_bytes(content)
        (place / f"{self.indexed}.ziphash").write_text(modzip.unpack(content, self.indexed).h1)
        return place

    def entry(self, version: SdkVersion, **changes: Any) -> index.IndexedRelease:
        """Make the index entry of a release with PROTO."""
        facts: dict[str, Any] = {
            "version": version,
            "time": "2024-09-19T09:32:02Z",
            "commit": None,
            "h1": modzip.unpack(self.zip(version), version).h1,
            "sha256": files.sha256(PROTO),
            "descriptor": "sha256:of-proto",
        }
        return index.IndexedRelease(**{**facts, **changes})

    def learn(self, monkeypatch: pytest.MonkeyPatch, *entries: index.IndexedRelease) -> None:
        """Replace the index by these releases and the default."""
        default = self.entry(self.default, sha256="0" * 64, descriptor="sha256:embedded", commit="b" * 40)
        releases = {entry.version: entry for entry in (default, *entries)}
        monkeypatch.setattr(index, "load", lambda: index.Index(default=self.default, floor=FLOOR, entries=releases))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Make an index of two releases with different protos: the embedded default, and one to fetch."""
    world = World(default=SdkVersion(0, 298, 0), indexed=SdkVersion(0, 250, 0), newer=SdkVersion(0, 299, 0))
    world.learn(monkeypatch, world.entry(world.indexed))
    return world


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide this machine's settings, caches, installed Go and GitHub; keep the tries, shorten the pauses."""
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOENV", "off")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(goenv, "_ask_go", lambda: "")
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(web, "PAUSE", 0.01)
    monkeypatch.setattr(github, "REPOSITORY", f"{NOBODY}/sdk.git")
    monkeypatch.setattr(github, "RAW", f"{NOBODY}/raw")


class Server(Upstream):
    """A module proxy on the loopback address: each path gives its responses in turn, then always the last one."""

    module = index.MODULE

    def __init__(self) -> None:
        """Start without responses."""
        self.queues: dict[str, list[Answer]] = {}
        super().__init__()

    def serve(self, name: str, *answers: Answer) -> None:
        """Set the response for a file of the module, for a path, or for a whole URL sent to a proxy."""
        is_whole = name.startswith(("/", "http:"))
        self.queues[name if is_whole else f"/{index.MODULE}/@v/{name}"] = list(answers)

    def serve_body(self, name: str, body: bytes) -> None:
        """Always respond with these bytes."""
        self.serve(name, Answer(body=body))

    def serve_status(self, name: str, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        """Always respond with this status."""
        self.serve(name, Answer(status=status, headers=headers or {}))

    def respond(self, target: str, request: ReceivedRequest) -> Answer:  # noqa: ARG002 - the base class has it
        """Answer one request."""
        queue = self.queues.get(target.partition("?")[0], [Answer(status=404)])
        return queue.pop(0) if len(queue) > 1 else queue[0]


class RawServer(ThreadingTCPServer):
    """Sends these pieces to each client with a pause after each, and then nothing more."""

    daemon_threads = True

    def __init__(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), self.send)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.pieces, self.pause, self.ended, self.connections = pieces, pause, Event(), 0

    def send(self, connection: socket.socket, *_: object) -> Any:
        """Read a request and send the pieces."""
        self.connections += 1
        connection.recv(65536)
        with suppress(OSError):
            for piece in self.pieces:
                connection.sendall(piece)
                self.ended.wait(self.pause)
        self.ended.wait(20 if self.pause else 0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Start the server, and make it the only module proxy."""
    with Server() as running:
        monkeypatch.setenv("GOPROXY", running.url)
        yield running


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Work in an empty folder without a network."""
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "mod"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
