"""`gfplug sign` against a fake of Grafana's API: what is sent, what is believed, what never leaks."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from small_bundle import manifest_text, small_bundle

from gfplug.bundle import packing
from gfplug.bundle import sign as service
from gfplug.cli import main
from gfplug.errors import FetchError, IntegrityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "glc_secret"  # noqa: S105 - the fake API takes any
URL = "https://grafana.example.com/"


class Api:
    """What the fake API saw, and how it answers."""

    def __init__(self) -> None:
        """Answer well."""
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.changes: dict[str, Any] = {}
        self.body: bytes | None = None
        self.address = ""
        self.location = ""
        self.piece, self.pause = 1 << 20, 0.0  # bytes, and the seconds between them

    def answer(self, request: dict[str, Any]) -> bytes:
        """Sign what was asked, with changes."""
        kept = {key: request[key] for key in ("plugin", "version", "files", "signatureType", "rootUrls")}
        return self.body or manifest_text({"signedByOrgName": "Acme", **kept, **self.changes})


@pytest.fixture
def api() -> Iterator[Api]:
    """Run the fake on the loopback."""
    state = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append({"path": self.path, **request})
            state.headers.append(dict(self.headers))
            answer = state.answer(request)
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(answer)))
            if state.location:
                self.send_header("Location", state.location)
            self.end_headers()
            for start in range(0, len(answer), state.piece):
                self.wfile.write(answer[start : start + state.piece])
                time.sleep(state.pause)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    state.address = f"http://127.0.0.1:{server.server_port}/api"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """Make a bundle."""
    return small_bundle(tmp_path / "dist")


def sign(dist: Path, api: Api) -> service.Signature:
    """Sign it at the fake."""
    variables = {service.TOKEN: TOKEN, service.API: api.address}
    return service.sign(dist, root_urls=[URL], variables=variables)


def test_digests_go_out_and_a_manifest_comes_back(dist: Path, api: Api) -> None:
    """Names and SHA-256 of every file, the token in its header only; the answer is MANIFEST.txt."""
    made = sign(dist, api)

    (asked,) = api.asked
    assert asked["path"] == "/api/plugins/ci/sign"
    assert (asked["plugin"], asked["version"], asked["signatureType"]) == ("acme-sales-datasource", "1.2.3", "private")
    assert asked["rootUrls"] == [URL]
    assert asked["files"]["module.js"] == hashlib.sha256((dist / "module.js").read_bytes()).hexdigest()
    assert TOKEN not in json.dumps(asked)
    assert api.headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert (made.organisation, made.files) == ("Acme", len(asked["files"]))
    assert main(["check", str(dist)]) == 0


def test_signing_again_leaves_the_old_signature_out(dist: Path, api: Api) -> None:
    """MANIFEST.txt is never among what is signed."""
    sign(dist, api)
    sign(dist, api)

    assert api.asked[0]["files"] == api.asked[1]["files"]


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        *(({key: value}, None) for key, value in (("plugin", "other"), ("version", "9"), ("signatureType", "grafana"))),
        ({"files": {}}, None),
        ({"rootUrls": ["https://x/"]}, None),
        ({}, b"<html>hello</html>"),
    ],
)
def test_a_signature_of_something_else_is_not_written(
    dist: Path, api: Api, changes: dict[str, Any], body: bytes | None
) -> None:
    """The bundle stays unsigned, also when a proxy's page comes back."""
    api.changes, api.body = changes, body
    with pytest.raises(IntegrityError, match="no signed manifest" if body else "the bundle was left unsigned"):
        sign(dist, api)

    assert not (dist / "MANIFEST.txt").exists()


@pytest.mark.parametrize(("status", "hint"), [(401, "plugins:write"), (403, "slug"), (409, "version"), (500, "")])
def test_a_refusal_carries_the_servers_words_and_never_the_token(dist: Path, api: Api, status: int, hint: str) -> None:
    """Each status has its hint; a server that echoes the token does not spread it."""
    api.status, api.body = status, f'{{"message": "no, {TOKEN}"}}'.encode()
    with pytest.raises(FetchError) as caught:
        sign(dist, api)

    said = f"{caught.value.message} {caught.value.hint} {caught.value.details}"
    assert f"answered {status}" in said
    assert hint in caught.value.hint
    assert TOKEN not in said


def test_an_unreachable_api_is_said(dist: Path, api: Api) -> None:
    """One sentence with the host."""
    api.address = "http://127.0.0.1:1/api"
    with pytest.raises(FetchError, match=r"cannot reach http://127\.0\.0\.1:1/api"):
        sign(dist, api)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:9/x", "https://evil.example/x", "//evil.example/x", "/other", "::"]
)
def test_the_token_follows_no_redirect(dist: Path, api: Api, status: int, location: str) -> None:
    """Wherever it leads: nothing is asked again, and the sentence says where it would have gone."""
    api.status, api.location = status, location
    with pytest.raises(FetchError, match=r"redirects to .*: the token is not sent there"):
        sign(dist, api)

    assert len(api.asked) == 1
    assert not (dist / "MANIFEST.txt").exists()


@pytest.mark.parametrize(
    "address", ["http://grafana.example.com/api", "HTTP://192.0.2.1/api", "http://127.0.0.1.evil.example/"]
)
def test_the_token_goes_nowhere_unencrypted(dist: Path, api: Api, address: str) -> None:
    """But to this machine."""
    api.address = address
    with pytest.raises(FetchError, match="is not encrypted: the token is not sent there"):
        sign(dist, api)


@pytest.mark.parametrize(
    "address", ["ftp://grafana.example.com", "file:///etc/passwd", "grafana.example.com", "http://[::1"]
)
def test_an_address_of_another_kind_is_refused(dist: Path, api: Api, address: str) -> None:
    """One sentence."""
    api.address = address
    with pytest.raises(FetchError, match=r"not an http or https address|not a valid URL"):
        sign(dist, api)


def test_a_proxy_does_not_see_what_stays_on_this_machine(dist: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for http would read the token."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    assert sign(dist, api).organisation == "Acme"


def test_a_server_that_drips_is_cut_at_the_deadline(dist: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole exchange has one deadline."""
    monkeypatch.setattr(service, "_SECONDS", 0.5)
    api.piece, api.pause = 1, 0.1
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"not done within 0\.5 s"):
        sign(dist, api)

    assert time.monotonic() - began < 3


def test_an_answer_without_end_is_refused(dist: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signed manifest has a bound."""
    monkeypatch.setattr(service, "_LONGEST", 100)
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        sign(dist, api)


def test_without_token_or_address_nothing_is_asked(dist: Path, api: Api) -> None:
    """The sentence names the variable, or the option."""
    with pytest.raises(UsageError, match="GRAFANA_ACCESS_POLICY_TOKEN"):
        service.sign(dist, root_urls=[URL], variables={})
    for urls in ([], ["grafana.example.com"], ["http://[::1"]):
        with pytest.raises(UsageError):
            service.sign(dist, root_urls=urls, variables={service.TOKEN: TOKEN, service.API: api.address})

    assert api.asked == []


def test_the_command_signs_a_project_and_packs_its_archive_again(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The archive that was built holds the signature afterwards, and its digest is right."""
    dist = small_bundle(tmp_path / "project/dist")
    archive = tmp_path / "project/artifacts/acme-sales-datasource-1.2.3.linux_amd64.zip"
    archive.parent.mkdir()
    packing.pack(dist, archive)
    monkeypatch.setenv(service.TOKEN, TOKEN)
    monkeypatch.setenv(service.API, api.address)

    assert main(["sign", str(tmp_path / "project"), "--root-url", URL]) == 0
    assert capsys.readouterr().out == f"{archive}\n"
    assert main(["check", str(archive)]) == 0
    assert "not signed" not in capsys.readouterr().out
    assert sorted(path.name for path in archive.parent.iterdir()) == [archive.name, f"{archive.name}.sha256"]
