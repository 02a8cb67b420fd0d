"""Certificates and stored credentials: found where people keep them, never fatal by accident."""

from __future__ import annotations

import base64
import logging
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from gfplug.errors import FetchError
from gfplug.sdk import trust, web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_URL = urlsplit("https://proxy.example/go")


@pytest.mark.parametrize("name", ["GFPLUG_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_bundle_that_can_not_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, content: bytes | None
) -> None:
    """Missing, empty or garbage: the message says which variable names which file."""
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv(name, str(bundle))

    with pytest.raises(FetchError, match=f"{name} names .*ca.pem"):
        trust.context()


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[str]:
    """Start an https server with a certificate nobody knows, `tmp_path/ca.pem`; return its address."""
    if shutil.which("openssl") is None:
        pytest.skip("install OpenSSL: its command makes the certificate")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", "key.pem", "-out", "ca.pem", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"body")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            pass

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(tmp_path / "ca.pem", tmp_path / "key.pem")
    with HTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that refuse the certificate
        listening.socket = made.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"https://127.0.0.1:{listening.server_address[1]}/x"
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["GFPLUG_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_companys_own_certificate_is_trusted(
    encrypted: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """Whichever of the three variables names it; ours comes first, so that what others need does not disturb."""
    if name == "GFPLUG_CA_BUNDLE":
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv(name, str(tmp_path / "ca.pem"))

    assert web.get(encrypted, deadline=web.Deadline(10), limit=100) == b"body"


def test_an_unknown_certificate_is_refused_and_the_variable_named(encrypted: str) -> None:
    """The hint is what a company's user needs."""
    with pytest.raises(FetchError, match="cannot reach https") as caught:
        web.get(encrypted, deadline=web.Deadline(10), limit=100)
    assert "GFPLUG_CA_BUNDLE" in caught.value.hint


def test_without_a_bundle_the_system_is_trusted() -> None:
    """And certificates are always checked."""
    made = trust.context()

    assert made.check_hostname
    assert made.verify_mode == ssl.CERT_REQUIRED


@pytest.fixture
def netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Name a netrc that holds the credentials of one host."""
    path = tmp_path / "netrc"
    path.write_text("machine proxy.example login me password s3cret\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    return path


@pytest.mark.usefixtures("netrc")
@pytest.mark.parametrize(
    ("url", "credentials"),
    [
        ("https://proxy.example/go", b"me:s3cret"),
        ("https://other.example/go", None),
        ("http://proxy.example/go", None),
        ("https://you:other@proxy.example/go", b"you:other"),
    ],
)
def test_netrc_brings_credentials_for_its_host_over_https(url: str, credentials: bytes | None) -> None:
    """As Go does; what the address says comes first."""
    expected = "Basic " + base64.b64encode(credentials).decode() if credentials else None

    assert trust.authorization(urlsplit(url)) == expected


@pytest.mark.parametrize("content", [b"\xff\xfe", b"nonsense words\n"])
def test_a_broken_netrc_is_passed_over_and_not_quoted(
    netrc: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """Its words may be passwords."""
    netrc.write_bytes(content)

    with caplog.at_level(logging.WARNING, logger="gfplug"):
        assert trust.authorization(_URL) is None
    assert "netrc was ignored" in caplog.text
    assert "nonsense" not in caplog.text


def test_no_netrc_is_no_news(netrc: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Most people have none."""
    netrc.unlink()

    assert trust.authorization(_URL) is None
    assert caplog.text == ""
