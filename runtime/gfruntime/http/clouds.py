"""Azure and Google tokens as an `auth`, with azure-identity and google-auth, which the project must depend on."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfruntime.errors import DownstreamError
from gfruntime.http.adapters import missing
from gfruntime.http.response import one_line
from gfruntime.http.tokens import BearerAuth, Token, Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfruntime.http.middleware import Auth


def azure_auth(scope: str, *, credential: object = None) -> Auth:
    """Return an `auth` with Microsoft Entra ID tokens for a scope.

    `credential` is an object of azure-identity; default: the machine's credential, `DefaultAzureCredential()`.
    Raises: ModuleNotFoundError if the project does not depend on azure-identity.

    >>> auth = azure_auth("https://api.loganalytics.io/.default")  # doctest: +SKIP
    """
    if credential is None:
        try:
            from azure.identity import DefaultAzureCredential  # noqa: PLC0415  # takes long, and few need it
        except ModuleNotFoundError as error:
            raise missing("azure-identity") from error
        credential = DefaultAzureCredential()
    source: Any = credential

    def fetch() -> Token:
        try:
            token = source.get_token(scope)
        except Exception as error:  # some credentials do not raise azure-core's errors
            raise DownstreamError(f"no token from Microsoft Entra ID: {one_line(str(error))}") from error
        return Token(value=token.token, lifetime=token.expires_on - time.time())

    return BearerAuth(Tokens(fetch))


def gcp_auth(*, scopes: Sequence[str] = (), credentials: object = None) -> Auth:
    """Return an `auth` with Google Cloud tokens.

    `credentials` is an object of google-auth; default: the machine's credentials for these scopes, from
    `google.auth.default`.
    Raises: ModuleNotFoundError if the project does not depend on google-auth.

    >>> auth = gcp_auth(scopes=["https://www.googleapis.com/auth/cloud-platform"])  # doctest: +SKIP
    """
    try:
        import google.auth  # noqa: PLC0415  # takes long, and few need it
        import google.auth.transport.urllib3  # noqa: PLC0415
        import urllib3  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise missing("google-auth") from error
    send = google.auth.transport.urllib3.Request(urllib3.PoolManager())  # type: ignore[no-untyped-call]
    source: Any = credentials

    def fetch() -> Token:
        nonlocal source
        try:
            if source is None:
                source, _ = google.auth.default(scopes=list(scopes))
            source.refresh(send)
        except google.auth.exceptions.GoogleAuthError as error:
            raise DownstreamError(f"no token from Google Cloud: {one_line(str(error))}") from error
        expiry = source.expiry  # UTC without a zone, or None
        lifetime = None if expiry is None else (expiry.replace(tzinfo=UTC) - datetime.now(UTC))
        return Token(value=source.token, lifetime=None if lifetime is None else lifetime.total_seconds())

    return BearerAuth(Tokens(fetch))
