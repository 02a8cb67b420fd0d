"""The CA certificates for TLS connections, and the stored credentials for a host."""

from __future__ import annotations

import base64
import logging
import netrc
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gfplug.errors import FetchError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_log = logging.getLogger("gfplug")

CertificateError = ssl.SSLError
_BUNDLES = ("GFPLUG_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def context() -> ssl.SSLContext:
    """Return a TLS context that trusts the operating system's store and the bundle in the environment.

    Raises: FetchError if the bundle can't be read: otherwise every request would fail with a less clear error.
    """
    import truststore  # noqa: PLC0415 - only https pays for it

    tls = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    name = next((name for name in _BUNDLES if os.environ.get(name)), None)
    if name is None:
        return tls
    path = Path(os.environ[name])
    try:
        if path.is_dir():
            tls.load_verify_locations(capath=path)
        else:
            tls.load_verify_locations(cafile=path)
    except OSError as error:  # the file is missing, or has no certificates (ssl.SSLError)
        raise FetchError(
            f"{name} names {path}, which has no readable certificates", hint=f"correct or unset {name}"
        ) from error
    return tls


def authorization(parts: SplitResult) -> str | None:
    """Return the Authorization header for a URL: from the URL, else from netrc."""
    if parts.username is not None:
        return _basic(unquote(parts.username), unquote(parts.password or ""))
    return read_netrc(parts)


def read_netrc(parts: SplitResult) -> str | None:
    """Return the Authorization header that netrc has for a host; for https only, as in Go."""
    if parts.scheme != "https" or not parts.hostname:
        return None
    try:
        login = netrc.netrc(os.environ.get("NETRC") or None).authenticators(parts.hostname)
    except FileNotFoundError:
        return None
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        _log.warning("netrc was ignored, because it can't be read (%s)", type(error).__name__)
        return None
    return _basic(login[0], login[2] or "") if login and login[0] else None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
