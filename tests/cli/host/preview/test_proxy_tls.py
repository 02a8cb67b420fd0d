"""The data proxy and TLS: the data source's authority, server name and client certificate."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import Small, small_preview
from small_upstream import TOKEN, run_upstream

from gfplug.errors import ToolError
from gfplug.host.preview.upstream_tls import tls_context
from gfplug.host.preview.web_messages import WebRequest, WebResponse
from gfplug.host.settings import Settings
from gfruntime.serving.tls import Certificate, self_signed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from small_upstream import Upstream

OWN = self_signed("upstream.example")
CLIENT = self_signed("client.example")
LOGIN = self_signed("localhost")
SERVER_NAME_OPTIONS = {"tlsAuthWithCACert": True, "serverName": "upstream.example"}


@pytest.fixture
def key_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder for temporary files; keys are only in this folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def server_context(folder: Path, own: Certificate, *, trusts: str = "") -> ssl.SSLContext:
    """Make a server's TLS context; with `trusts` clients need that certificate."""
    file = folder / "server.pem"
    file.write_text(own.key_pem + own.pem, encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if trusts:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=trusts)
    return context


def ask(
    folder: Path,
    upstream: Upstream,
    routes: Sequence[dict[str, Any]] = (),
    /,
    *,
    options: dict[str, Any],
    **secrets: str,
) -> WebResponse:
    """Call the upstream through the proxy of a data source with these settings."""
    small: Small = small_preview(folder, routes=routes)
    url = f"https://127.0.0.1:{upstream.server_address[1]}"
    small.source.update({"url": url, "jsonData": options, "secureJsonData": secrets})
    return small.application(WebRequest(method="GET", path="api/datasources/proxy/uid/sales/rows"))


@pytest.mark.parametrize(
    ("options", "secrets", "status"),
    [
        (SERVER_NAME_OPTIONS, {"tlsCACert": OWN.pem}, 200),
        ({"tlsSkipVerify": True}, {}, 200),
        ({**SERVER_NAME_OPTIONS, "serverName": "other.example"}, {"tlsCACert": OWN.pem}, 500),
        ({"tlsAuthWithCACert": True}, {"tlsCACert": OWN.pem}, 500),
        ({"serverName": "upstream.example"}, {"tlsCACert": OWN.pem}, 500),
        ({**SERVER_NAME_OPTIONS}, {"tlsCACert": CLIENT.pem}, 500),
        ({}, {}, 500),
    ],
    ids=["named", "unverified", "other-name", "no-name", "authority-is-off", "other-authority", "nothing"],
)
def test_the_upstream_is_verified_as_the_settings_say(
    tmp_path: Path, options: dict[str, Any], secrets: dict[str, str], status: int
) -> None:
    """The settings have the authority and the name of its certificate, or skip the verification."""
    with run_upstream(server_context(tmp_path, OWN)) as upstream:
        response = ask(tmp_path, upstream, options=options, **secrets)

    assert (response.status, len(upstream.requests)) == (status, int(status == 200))
    assert status == 200 or b"CERTIFICATE_VERIFY_FAILED" in bytes(response.body)  # type: ignore[arg-type]


def test_a_client_certificate_is_sent(tmp_path: Path, key_files: Path) -> None:
    """It is sent only if its option is on; its file does not stay."""
    secrets = {"tlsCACert": OWN.pem, "tlsClientCert": CLIENT.pem, "tlsClientKey": CLIENT.key_pem}
    with run_upstream(server_context(tmp_path, OWN, trusts=CLIENT.pem)) as upstream:
        assert ask(tmp_path, upstream, options={**SERVER_NAME_OPTIONS, "tlsAuth": True}, **secrets).status == 200
        assert ask(tmp_path, upstream, options=SERVER_NAME_OPTIONS, **secrets).status == 500

    assert len(upstream.requests) == 1
    assert list(key_files.iterdir()) == []


def test_only_this_user_can_read_the_key(tmp_path: Path, key_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL reads the key from a file, which no other user can open meanwhile."""
    server = server_context(tmp_path, OWN)
    load, modes = ssl.SSLContext.load_cert_chain, []

    def note_mode(context: ssl.SSLContext, name: str, **more: Any) -> None:
        assert Path(name).parent == key_files
        modes.append(oct(Path(name).stat().st_mode & 0o777))
        load(context, name, **more)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", note_mode)
    secrets = {"tlsClientCert": CLIENT.pem, "tlsClientKey": CLIENT.key_pem}
    with run_upstream(server) as upstream:
        assert ask(tmp_path, upstream, options={"tlsAuth": True, "tlsSkipVerify": True}, **secrets).status == 200

    assert modes == [oct(0o600 if os.name == "posix" else 0o666)]  # on Windows the folder belongs to the user


def test_a_key_that_cannot_be_written_to_a_file_is_an_error(tmp_path: Path, key_files: Path) -> None:
    """The disk may be full, or the folder removed."""
    key_files.rmdir()
    secrets = {"tlsClientCert": CLIENT.pem, "tlsClientKey": CLIENT.key_pem}
    with run_upstream(server_context(tmp_path, OWN)) as upstream:
        response = ask(tmp_path, upstream, options={"tlsAuth": True}, **secrets)

    assert (response.status, upstream.requests) == (500, [])
    assert b"cannot be passed to OpenSSL in a temporary file" in bytes(response.body)  # type: ignore[arg-type]
    assert b"TMPDIR" in bytes(response.body)  # type: ignore[arg-type]


@pytest.mark.parametrize("failure", [OSError("n0 room"), MemoryError(), KeyboardInterrupt()], ids=repr)
def test_the_temporary_key_file_is_removed_after_its_use(
    key_files: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    """This also holds if OpenSSL cannot read it, or if the user ends gfplug meanwhile."""
    sizes = []

    def fail(_: ssl.SSLContext, name: str, **_more: Any) -> None:
        sizes.append(Path(name).stat().st_size)
        raise failure

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", fail)
    secrets = {"tlsClientCert": CLIENT.pem, "tlsClientKey": CLIENT.key_pem}
    settings = Settings.from_mapping({"jsonData": {"tlsAuth": True}, "secureJsonData": secrets})
    with pytest.raises((ToolError, type(failure))):
        tls_context(settings)

    assert sizes == [len(CLIENT.pem) + len(CLIENT.key_pem) + 2]
    assert list(key_files.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "secrets", "complaint"),
    [
        ({"tlsAuth": True}, {"tlsClientKey": CLIENT.key_pem}, "tlsClientCert is not set"),
        ({"tlsAuth": True}, {"tlsClientCert": CLIENT.pem}, "tlsClientKey is not set"),
        ({"tlsAuth": True}, {"tlsClientCert": CLIENT.pem, "tlsClientKey": OWN.key_pem}, "tlsClientCert, tlsClientKey"),
        ({"tlsAuth": True}, {"tlsClientCert": "c0ntent", "tlsClientKey": "c0ntent"}, "tlsClientCert, tlsClientKey"),
        ({"tlsAuthWithCACert": True}, {"tlsCACert": "c0ntent"}, "tlsCACert"),
        ({"tlsAuth": True}, {"tlsClientCert": CLIENT.pem, "tlsClientKey": "c0ntent \ud800"}, "tlsClientKey"),
        ({"tlsAuthWithCACert": True}, {"tlsCACert": "c0ntent \u2026"}, "tlsCACert"),
    ],
    ids=["no-certificate", "no-key", "another-key", "no-pem", "no-authority", "no-text", "letters"],
)
def test_a_certificate_that_cannot_be_used_is_named(
    tmp_path: Path, key_files: Path, options: dict[str, Any], secrets: dict[str, str], complaint: str
) -> None:
    """It is not shown; the upstream gets no request, and the key's file does not stay."""
    with run_upstream(server_context(tmp_path, OWN)) as upstream:
        response = ask(tmp_path, upstream, options={**options, "tlsSkipVerify": True}, **secrets)

    assert (response.status, upstream.requests) == (500, [])
    assert complaint.encode() in bytes(response.body)  # type: ignore[arg-type]
    assert b"c0ntent" not in bytes(response.body)  # type: ignore[arg-type]
    assert list(key_files.iterdir()) == []


def token_route(login: Upstream) -> dict[str, Any]:
    """Make a route for all paths, whose token comes from another server."""
    address = f"https://localhost:{login.server_address[1]}/oauth"
    return {"path": "rows", "tokenAuth": {"url": address, "params": {"client_secret": "s3cret"}}}


def test_the_token_server_does_not_get_the_tls_settings_of_the_data_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's authorities verify it by its name; a client certificate would make its handshake fail."""
    (tmp_path / "authorities.pem").write_text(LOGIN.pem, encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    login_context = server_context(tmp_path, LOGIN, trusts=OWN.pem)
    login_context.verify_mode = ssl.CERT_OPTIONAL
    secrets = {"tlsCACert": OWN.pem, "tlsClientCert": CLIENT.pem, "tlsClientKey": CLIENT.key_pem}
    with (
        run_upstream(server_context(tmp_path, OWN, trusts=CLIENT.pem)) as upstream,
        run_upstream(login_context) as login,
    ):
        response = ask(
            tmp_path, upstream, [token_route(login)], options={**SERVER_NAME_OPTIONS, "tlsAuth": True}, **secrets
        )

    assert (response.status, len(login.requests)) == (200, 1)
    assert [each["headers"]["Authorization"] for each in upstream.requests] == [f"Bearer {TOKEN}"]


def test_the_token_server_is_always_verified(tmp_path: Path) -> None:
    """`tlsSkipVerify` is only for the data source, so the secret is not sent."""
    own, login_context = server_context(tmp_path, OWN), server_context(tmp_path, LOGIN)
    with run_upstream(own) as upstream, run_upstream(login_context) as login:
        response = ask(tmp_path, upstream, [token_route(login)], options={"tlsSkipVerify": True})

    assert (response.status, login.requests, upstream.requests) == (500, [], [])
    assert b"CERTIFICATE_VERIFY_FAILED" in bytes(response.body)  # type: ignore[arg-type]
