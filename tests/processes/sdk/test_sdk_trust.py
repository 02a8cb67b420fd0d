"""A server whose certificate OpenSSL made."""

from __future__ import annotations

import shutil
import ssl
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest
from commands import succeed
from servers import serving

from gfplug.errors import FetchError
from gfplug.sdk import web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[str]:
    """Start an https server with an unknown certificate, `tmp_path/ca.pem`; return its address."""
    if shutil.which("openssl") is None:
        pytest.skip("install OpenSSL: its command makes the certificate")
    options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=127.0.0.1"]
    options += ["-keyout", "key.pem", "-out", "ca.pem", "-addext", "subjectAltName=IP:127.0.0.1"]
    succeed("openssl", "req", "-x509", "-nodes", *options, cwd=tmp_path)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"body")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    listening = HTTPServer(("127.0.0.1", 0), Handler)
    listening.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that refuse the certificate
    listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
    with serving(listening):
        yield f"https://127.0.0.1:{listening.server_address[1]}/x"


@pytest.mark.parametrize("name", ["GFPLUG_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_companys_own_certificate_is_trusted(
    encrypted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Each of the three variables can name it."""
    monkeypatch.setenv(name, str(tmp_path / "ca.pem"))

    assert web.get(encrypted, deadline=web.Deadline(10), limit=100) == b"body"


def test_gfplugs_variable_comes_before_those_of_other_programs(
    encrypted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Variables of other programs have no effect."""
    monkeypatch.setenv("GFPLUG_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))

    assert web.get(encrypted, deadline=web.Deadline(10), limit=100) == b"body"


def test_an_unknown_certificate_is_refused_and_the_variable_named(encrypted: str) -> None:
    """The hint is for users in a company."""
    with pytest.raises(FetchError, match="cannot reach https") as caught:
        web.get(encrypted, deadline=web.Deadline(10), limit=100)
    assert "GFPLUG_CA_BUNDLE" in caught.value.hint
