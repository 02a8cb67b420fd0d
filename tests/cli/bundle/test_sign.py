"""`gfplug sign` against a fake of Grafana's API: requests, answers that are refused, and secrets that stay hidden."""

import hashlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from small_bundle import manifest_text, small_bundle

from gfplug.bundle import packing
from gfplug.bundle import sign as service
from gfplug.cli import main
from gfplug.errors import FetchError, IntegrityError, ProjectError, UsageError
from gfruntime.testing.fakes import Answer, ReceivedRequest, Upstream

TOKEN = "glc_secret"  # noqa: S105 - the fake API takes any
URL = "https://grafana.example.com/"


class Api(Upstream):
    """A fake of Grafana's API, which signs each request, with changes."""

    status = 200
    changes: Mapping[str, Any] = {}
    body: bytes | None = None
    location = ""
    delay = 0.0

    def respond(self, target: str, request: ReceivedRequest) -> Answer:  # noqa: ARG002 - the base class has it
        """Answer one request."""
        content = request.json()
        manifest = {key: content[key] for key in ("plugin", "version", "files", "signatureType", "rootUrls")}
        text = manifest_text({"signedByOrgName": "Acme", **manifest, **self.changes})
        headers = {"Location": self.location} if self.location else {}
        return Answer(body=self.body or text, status=self.status, headers=headers, delay=self.delay)


@pytest.fixture
def api() -> Iterator[Api]:
    """Run the fake on the loopback address."""
    with Api() as server:
        yield server


def sign(dist: Path, api: Api) -> service.Signature:
    """Sign a bundle at the fake."""
    variables = {service.TOKEN: TOKEN, service.API: f"{api.url}/api"}
    return service.sign(dist, root_urls=[URL], variables=variables)


def test_the_request_has_digests_and_the_answer_is_the_manifest(dist: Path, api: Api) -> None:
    """The request has names and SHA-256 digests of all files, and the token only in its header."""
    signature = sign(dist, api)
    (request,) = api.requests
    content = request.json()

    assert (request.method, request.path) == ("POST", "/api/plugins/ci/sign")
    identity = ("acme-sales-datasource", "1.2.3", "private")
    assert (content["plugin"], content["version"], content["signatureType"]) == identity
    assert content["rootUrls"] == [URL]
    assert content["files"]["module.js"] == hashlib.sha256((dist / "module.js").read_bytes()).hexdigest()
    assert TOKEN not in request.body.decode()
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert (signature.organisation, signature.files) == ("Acme", len(content["files"]))
    assert main(["check", str(dist)]) == 0


def test_signing_again_leaves_the_old_signature_out(dist: Path, api: Api) -> None:
    """MANIFEST.txt is never among the signed files."""
    sign(dist, api)
    sign(dist, api)

    first, second = api.requests
    assert first.json()["files"] == second.json()["files"]


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        *(({key: value}, None) for key, value in (("plugin", "other"), ("version", "9"), ("signatureType", "grafana"))),
        ({"files": {}}, None),
        ({"rootUrls": ["https://x/"]}, None),
        ({}, b"<html>hello</html>"),
    ],
)
def test_a_response_that_does_not_sign_the_bundle_is_not_written(
    dist: Path, api: Api, changes: dict[str, Any], body: bytes | None
) -> None:
    """The bundle stays unsigned, also if a proxy answers with its own page."""
    api.changes, api.body = changes, body
    with pytest.raises(IntegrityError, match="not a signed manifest" if body else "the bundle was left unsigned"):
        sign(dist, api)

    assert not (dist / "MANIFEST.txt").exists()


@pytest.mark.parametrize(("status", "hint"), [(401, "plugins:write"), (403, "slug"), (409, "version"), (500, "")])
def test_a_refusal_shows_the_servers_message_without_the_token(dist: Path, api: Api, status: int, hint: str) -> None:
    """Each status has its hint; a token that the server repeats is masked."""
    api.status, api.body = status, f'{{"message": "no, {TOKEN}"}}'.encode()
    with pytest.raises(FetchError) as excinfo:
        sign(dist, api)

    text = f"{excinfo.value.message} {excinfo.value.hint} {excinfo.value.details}"
    assert f"answered {status}" in text
    assert hint in excinfo.value.hint
    assert TOKEN not in text


def test_an_unreachable_api_is_an_error(dist: Path, api: Api) -> None:
    """The error names the host."""
    api.url = "http://127.0.0.1:1"
    with pytest.raises(FetchError, match=r"cannot reach http://127\.0\.0\.1:1/api"):
        sign(dist, api)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["http://127.0.0.2:9/x", "https://evil.example/x", "//evil.example/x", "/other", "::"]
)
def test_a_redirect_is_refused(dist: Path, api: Api, status: int, location: str) -> None:
    """No second request is sent, so the token goes nowhere else; the error names the redirect's target."""
    api.status, api.location = status, location
    with pytest.raises(FetchError, match=r"redirects to .*: the token is not sent there"):
        sign(dist, api)

    assert len(api.requests) == 1
    assert not (dist / "MANIFEST.txt").exists()


@pytest.mark.parametrize(
    "address", ["http://grafana.example.com/api", "HTTP://192.0.2.1/api", "http://127.0.0.1.evil.example/"]
)
def test_the_token_is_sent_over_https_only(dist: Path, api: Api, address: str) -> None:
    """Only this machine is an exception."""
    api.url = address
    with pytest.raises(FetchError, match="is not encrypted: the token is not sent there"):
        sign(dist, api)


@pytest.mark.parametrize(
    "address", ["ftp://grafana.example.com", "file:///etc/passwd", "grafana.example.com", "http://[::1"]
)
def test_an_address_that_is_not_http_is_refused(dist: Path, api: Api, address: str) -> None:
    """The error is one sentence."""
    api.url = address
    with pytest.raises(FetchError, match=r"not an http or https address|not a valid URL"):
        sign(dist, api)


def test_a_local_address_is_requested_without_a_proxy(dist: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for http could read the token."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    assert sign(dist, api).organisation == "Acme"


def test_a_slow_server_is_stopped_at_the_deadline(dist: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole exchange has one deadline."""
    monkeypatch.setattr(service, "_TIMEOUT_SECONDS", 0.5)
    api.delay = 2.0
    began = time.monotonic()
    with pytest.raises(FetchError, match=r"the download took longer than 0\.5 s"):
        sign(dist, api)

    assert time.monotonic() - began < 3


def test_an_endless_answer_is_refused(dist: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a signed manifest is limited."""
    monkeypatch.setattr(service, "_MAX_ANSWER_BYTES", 100)
    with pytest.raises(FetchError, match="larger than 100 bytes"):
        sign(dist, api)


def test_without_token_or_address_no_request_is_sent(dist: Path, api: Api) -> None:
    """The error names the variable or the option."""
    with pytest.raises(UsageError, match="GRAFANA_ACCESS_POLICY_TOKEN"):
        service.sign(dist, root_urls=[URL], variables={})
    for urls in ([], ["grafana.example.com"], ["http://[::1"]):
        with pytest.raises(UsageError):
            service.sign(dist, root_urls=urls, variables={service.TOKEN: TOKEN, service.API: api.url})

    assert api.requests == []


def test_the_command_signs_a_project_and_packs_its_archive_again(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Afterwards the archive contains the signature, and its checksum is right."""
    dist = small_bundle(tmp_path / "project/dist")
    archive = tmp_path / "project/artifacts/acme-sales-datasource-1.2.3.linux_amd64.zip"
    archive.parent.mkdir()
    packing.pack(dist, archive)
    monkeypatch.setenv(service.TOKEN, TOKEN)
    monkeypatch.setenv(service.API, api.url)

    assert main(["sign", str(tmp_path / "project"), "--root-url", URL]) == 0
    assert capsys.readouterr().out == f"{archive}\n"
    assert main(["check", str(archive)]) == 0
    assert "not signed" not in capsys.readouterr().out
    assert sorted(path.name for path in archive.parent.iterdir()) == [archive.name, f"{archive.name}.sha256"]


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs of POSIX")
def test_a_bundle_with_a_fifo_is_not_signed(dist: Path) -> None:
    """Reading it would block the command."""
    os.mkfifo(dist / "pipe")
    with pytest.raises(ProjectError, match="pipe is not a regular file"):
        service.sign(dist, root_urls=[URL], variables={service.TOKEN: TOKEN})
