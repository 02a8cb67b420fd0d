"""Certificates and stored credentials: found where people keep them, never fatal by accident."""

import base64
import logging
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gfplug.errors import FetchError
from gfplug.sdk import trust

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


def test_without_a_bundle_the_system_is_trusted() -> None:
    """And certificates are always checked."""
    context = trust.context()

    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


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


@pytest.mark.parametrize("content", [b"\xff\xfe", b"nonsense words\n", None])
def test_a_broken_netrc_is_passed_over_and_not_quoted(
    netrc: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    """Its words may be passwords; that there is none is no news."""
    netrc.unlink()
    if content:
        netrc.write_bytes(content)

    with caplog.at_level(logging.WARNING, logger="gfplug"):
        assert trust.authorization(_URL) is None
    assert ("netrc was ignored" in caplog.text) == bool(content)
    assert "nonsense" not in caplog.text
