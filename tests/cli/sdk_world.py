"""A world of its own for each test: no caches, no proxies, a small index, and a server that misbehaves on request."""

import io
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from servers import serving

from gfplug import files
from gfplug.sdk import FLOOR, SdkVersion, cache, github, goenv, index, modzip, web

PROTO = b"""syntax = "proto3";
package pluginv2;
message Empty {}
service Resource { rpc CallResource(Empty) returns (stream Empty); }
service Data { rpc QueryData(Empty) returns (Empty); }
service Diagnostics { rpc CheckHealth(Empty) returns (Empty); }
service Stream { rpc RunStream(Empty) returns (stream Empty); }
"""
NOBODY = "http://127.0.0.1:1"
"""Where nobody listens; GitHub is there, for all that a test knows."""
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
    """The releases of the test's index, and how to make more."""

    default: SdkVersion
    indexed: SdkVersion
    newer: SdkVersion
    commit: str = "a" * 40
    proto: bytes = PROTO

    def zip(self, version: SdkVersion, entries: Mapping[str, bytes] | None = None) -> bytes:
        """Make a module zip; the entries' names are below the module's prefix."""
        chosen = {"proto/backend.proto": PROTO, "go.mod": b"module x\n"} if entries is None else entries
        return make_zip((f"{index.MODULE}@{version}/{name}", content) for name, content in chosen.items())

    def fill_module_cache(self, folder: Path, content: bytes) -> Path:
        """Put the known release into Go's module cache, as Go does; return where."""
        place = folder / "cache" / "download" / index.MODULE / "@v"
        place.mkdir(parents=True)
        (place / f"{self.indexed}.zip").write_bytes(content)
        (place / f"{self.indexed}.ziphash").write_text(modzip.unpack(content, self.indexed).h1)
        return place

    def entry(self, version: SdkVersion, **changes: Any) -> index.IndexedRelease:
        """Make the index entry of a release that holds PROTO."""
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
    """Know two releases of two wires: the default, which is embedded, and one to be fetched."""
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


@dataclass
class Answer:
    """What the server sends for one path; `act` takes over after the request was read."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[[BaseHTTPRequestHandler], object] | None = None


@dataclass
class Server:
    """A server on loopback: `answers` maps a path to what it sends, one after the other, the last for ever."""

    url: str
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    module: str = index.MODULE

    def serve(self, name: str, *answers: Answer) -> None:
        """Say what to answer for a file of the module, for a path, or for a whole URL asked of a proxy."""
        is_whole = name.startswith(("/", "http:"))
        self.answers[name if is_whole else f"/{index.MODULE}/@v/{name}"] = list(answers)

    def serve_body(self, name: str, body: bytes, *, headers: dict[str, str] | None = None) -> None:
        """Answer with these bytes, every time."""
        self.serve(name, Answer(body, headers=headers or {}))

    def serve_status(
        self, name: str, *statuses: int, headers: dict[str, str] | None = None, then: bytes | None = None
    ) -> None:
        """Answer with one status after the other, the last for ever, or at last with a body."""
        answers = [Answer(status=status, headers=headers or {}) for status in statuses]
        self.serve(name, *answers, *([] if then is None else [Answer(then)]))

    def serve_act(self, name: str, act: Callable[[BaseHTTPRequestHandler], object]) -> None:
        """Let a function write whatever it likes."""
        self.serve(name, Answer(act=act))

    def paths(self) -> list[str]:
        """Return what was asked for."""
        return [path for path, _ in self.seen]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Start the server, and make it the only module proxy."""
    server = Server("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?", 1)[0]
            server.seen.append((path, dict(self.headers)))
            waiting = server.answers.get(path, [Answer(status=404)])
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.close_connection = True
            if answer.act:
                answer.act(self)
                return
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass  # clients that hang up are what is being tested

    listening = Quiet(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_address[1]}"
    monkeypatch.setenv("GOPROXY", server.url)
    with serving(listening):
        yield server
        server.gone.set()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand in an empty folder, without a network."""
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "mod"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
