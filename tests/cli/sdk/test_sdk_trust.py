"""Certificates and stored credentials."""

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
def test_an_unreadable_certificate_file_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, content: bytes | None
) -> None:
    """It is missing, empty or invalid; the message names the variable and the file."""
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv(name, str(bundle))

    with pytest.raises(FetchError, match=f"{name} names .*ca.pem"):
        trust.context()


def test_without_a_certificate_file_the_system_is_trusted() -> None:
    """Certificates are always checked."""
    context = trust.context()

    assert context.check_hostname
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.fixture
def netrc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set a netrc with the credentials of one host."""
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
def test_netrc_gives_credentials_for_its_host_over_https(url: str, credentials: bytes | None) -> None:
    """Go does so, too; credentials in the address come first."""
    expected = "Basic " + base64.b64encode(credentials).decode() if credentials else None

    assert trust.authorization(urlsplit(url)) == expected


@pytest.mark.parametrize("content", [b"\xff\xfe", b"nonsense words\n", None])
def test_a_broken_netrc_is_skipped_without_quoting_it(
    netrc: Path, caplog: pytest.LogCaptureFixture, content: bytes | None
) -> None:
    """Its words may be passwords; a missing file gives no message."""
    netrc.unlink()
    if content:
        netrc.write_bytes(content)

    with caplog.at_level(logging.WARNING, logger="gfplug"):
        assert trust.authorization(_URL) is None
    assert ("netrc was ignored" in caplog.text) == bool(content)
    assert "nonsense" not in caplog.text
