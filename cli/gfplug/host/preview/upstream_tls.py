"""TLS to an upstream, with a data source's certificates.

Source: grafana v13.0.0, pkg/services/datasources/service, dsTLSOptions; grafana-plugin-sdk-go v0.299.0,
backend/httpclient/http_client.go, GetTLSConfig.
"""

from __future__ import annotations

import os
import ssl
import tempfile
import urllib.request
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gfplug.errors import ToolError

if TYPE_CHECKING:
    from gfplug.host.settings import Settings

_HINT = "check the certificates on the config page"


class TlsHandler(urllib.request.HTTPSHandler):
    """Opens https:// addresses with a data source's certificates, and verifies the server name in its settings."""

    def __init__(self, settings: Settings) -> None:
        """Read the certificates.

        Raises: ToolError that names the certificate or key that can't be used, without showing its content.
        """
        self._tls = tls_context(settings)
        self._server_name = str(settings.options.get("serverName") or "")
        super().__init__(context=self._tls)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        """Open a connection, and send the request."""
        name = self._server_name or urlsplit(req.full_url).hostname or ""
        connection: Any = partial(_Connection, tls=self._tls, server_name=name)
        return self.do_open(connection, req)


class _Connection(HTTPSConnection):
    """A connection that verifies a given server name instead of the host."""

    def __init__(self, host: str, *, tls: ssl.SSLContext, server_name: str, **more: Any) -> None:  # noqa: ANN401 - the base class's
        super().__init__(host, context=tls, **more)
        self._tls = tls
        self._server_name = server_name

    def connect(self) -> None:
        """Connect, through a proxy if there is one, then start TLS."""
        HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._server_name)


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return the TLS context with the data source's CA and client certificate, if it has them.

    Raises: ToolError that names the certificate or key that can't be used, without showing its content.
    """
    options, secrets = settings.options, settings.secrets
    try:
        authority = secrets.get("tlsCACert") if options.get("tlsAuthWithCACert") else None
        context = ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, TypeError) as error:  # TypeError: a character that is not allowed in PEM
        raise ToolError("the data source's authority (tlsCACert) cannot be read: it must be PEM", hint=_HINT) from error
    if options.get("tlsAuth"):
        _load_pair(context, secrets.get("tlsClientCert", ""), secrets.get("tlsClientKey", ""))
    if options.get("tlsSkipVerify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load_pair(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Pass a client certificate and its key to OpenSSL, which reads only files; a key with a password is refused.

    Raises: ToolError if OpenSSL refuses them, or if a temporary file can't be written.
    """
    if not certificate or not key:
        missing = "tlsClientKey" if certificate else "tlsClientCert"
        raise ToolError(f"the data source has TLS client authentication, but {missing} is not set", hint=_HINT)
    try:
        descriptor, name = tempfile.mkstemp(prefix="gfplug-")  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{key}\n{certificate}\n")
            context.load_cert_chain(name, password=lambda: b"")
        finally:
            Path(name).unlink()
    except (ssl.SSLError, ValueError) as error:
        raise ToolError(
            "the data source's client certificate (tlsClientCert, tlsClientKey) cannot be read: both must be PEM and "
            "belong together, with no password",
            hint=_HINT,
        ) from error
    except OSError as error:
        raise ToolError(
            f"the data source's client certificate cannot be passed to OpenSSL in a temporary file: {error}",
            hint="make room in the folder for temporary files, or set TMPDIR to another one (TEMP on Windows)",
        ) from error
