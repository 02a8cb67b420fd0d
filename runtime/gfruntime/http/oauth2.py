"""OAuth2 for data sources: tokens from client credentials, signed assertions, password or refresh token.

For `HttpClient(auth=...)`; a data source whose options have an `OAuth2Options` uses it automatically. The token
requests use the data source's TLS, proxies and timeouts, but not its headers.
Source: RFC 6749 (4.3, 4.4, 6), RFC 7523 (2.1, 2.2), RFC 6750.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from gfruntime.errors import DownstreamError, QueryError
from gfruntime.http import outgoing
from gfruntime.http.addresses import origin_of
from gfruntime.http.assertions import sign
from gfruntime.http.oauth2_settings import OAuth2Settings
from gfruntime.http.response import one_line
from gfruntime.http.sending import RequestSender
from gfruntime.http.settings import HttpSettings, trust_system
from gfruntime.http.tokens import BearerAuth, Token, Tokens
from gfruntime.logs import masking

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from gfruntime.http.response import HttpResponse
    from gfruntime.request.vocabulary import Settings

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_WITH_SECRET = ("client_credentials", "password", "refresh_token")
_ASSERTION_SECONDS = 300
_MOST_SECONDS, _MOST_BYTES = 60.0, 1 << 20
_OK = 200
_shared: weakref.WeakValueDictionary[int, OAuth2] = weakref.WeakValueDictionary()
_lock = threading.Lock()


class OAuth2(BearerAuth):
    """An `auth` that gets OAuth2 tokens, keeps them, and renews them before they expire.

    `OAuth2.of(settings)` returns the same object for the same `settings`, so that all clients of an instance share its
    tokens.

    >>> oauth2 = OAuth2(OAuth2Settings(token_url="http://localhost:8000/token", client_id="id", client_secret="s"))
    >>> client = HttpClient.of(settings, auth=oauth2)
    """

    def __init__(self, settings: OAuth2Settings, http: HttpSettings | None = None) -> None:
        """Store the settings; `http` has the TLS, the proxies and the timeouts of the token requests."""
        super().__init__(Tokens(self._fetch))
        self._settings = settings
        own = _for_tokens(http or HttpSettings(), settings.token_url)
        self._sender = RequestSender(own, deadline=_MOST_SECONDS, max_bytes=_MOST_BYTES)
        self._refresh_token = settings.refresh_token
        self._source: object = None

    @classmethod
    def of(cls, settings: Settings[Any]) -> OAuth2:
        """Return the OAuth2 of the data source's config page.

        Raises: QueryError if the grant is unknown.
        """
        with _lock:
            shared = _shared.get(id(settings))
            if shared is None:
                _shared[id(settings)] = shared = cls(OAuth2Settings.of(settings), HttpSettings.of(settings))
                shared._source = settings  # keeps the id unique as long as this object lives
            return shared

    def __repr__(self) -> str:
        """Show only the grant."""
        return f"OAuth2(grant={self._settings.grant!r})"

    def _fetch(self) -> Token:
        """Request a token.

        Raises: DownstreamError if the server returns no token, QueryError if a setting is missing.
        """
        settings = self._settings
        settings.check()
        form, headers = self._form(), {"Accept": "application/json"}
        has_secret = settings.client_secret and settings.grant in _WITH_SECRET
        if has_secret and settings.secret_in_body:
            form |= {"client_secret": settings.client_secret}
        elif has_secret:
            pair = f"{quote_plus(settings.client_id)}:{quote_plus(settings.client_secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
            form.pop("client_id", None)
        private = {settings.client_secret, settings.password, settings.private_key, self._refresh_token}
        private |= {form.get("assertion", ""), form.get("client_assertion", ""), *outgoing.secrets(headers)}
        private.discard("")
        masking.remember(private)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        try:
            request, send = self._sender.prepare("POST", "", headers=headers, body=body)
            answer = send(request)
        except DownstreamError as error:
            text = one_line(str(error), secrets=private)
            raise DownstreamError(f"the OAuth2 token endpoint: {text}", status=error.status) from error
        return self._token(answer, private)

    def _form(self) -> dict[str, str]:
        """Return the parameters of the grant."""
        settings = self._settings
        form = {"scope": settings.scopes, "audience": settings.audience, "client_id": settings.client_id}
        match settings.grant:
            case "client_credentials":
                return form | {"grant_type": "client_credentials"}
            case "client_credentials_jwt":
                claims = {"iss": settings.client_id, "sub": settings.client_id, "aud": settings.token_url}
                assertion = {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": self._sign(claims)}
                return form | {"grant_type": "client_credentials"} | assertion
            case "jwt_bearer":
                claims = {"iss": settings.client_id, "aud": settings.audience or settings.token_url}
                claims |= {"scope": settings.scopes} if settings.scopes else {}
                claims |= {"sub": settings.subject} if settings.subject else {}
                return {"grant_type": _JWT_BEARER, "assertion": self._sign(claims), "scope": settings.scopes}
            case "password":
                return form | {"grant_type": "password", "username": settings.user, "password": settings.password}
        return form | {"grant_type": "refresh_token", "refresh_token": self._refresh_token}

    def _sign(self, claims: Mapping[str, str]) -> str:
        now = int(time.time())
        times = {"iat": now, "exp": now + _ASSERTION_SECONDS, "jti": os.urandom(16).hex()}
        return sign({**claims, **times}, self._settings.private_key, key_id=self._settings.key_id)

    def _token(self, answer: HttpResponse, private: set[str]) -> Token:
        """Read the response of the token endpoint."""
        reply = _object(answer)
        if answer.status != _OK:
            error_text = ": ".join(str(reply[name]) for name in ("error", "error_description") if reply.get(name))
            text = f"answered {answer.status} {error_text or answer.explanation}".rstrip()
            raise DownstreamError(f"the OAuth2 token endpoint {one_line(text, secrets=private)}")
        value, kind = reply.get("access_token"), str(reply.get("token_type") or "bearer")
        if not isinstance(value, str) or not value or kind.lower() != "bearer":
            raise DownstreamError("the OAuth2 token endpoint answered without a bearer token")
        masking.remember({value})
        renewed = reply.get("refresh_token")
        if isinstance(renewed, str) and renewed:
            self._refresh_token = renewed
        return Token(value=value, lifetime=_seconds(reply.get("expires_in")))


class _TokenEndpointSettings(HttpSettings):
    """HTTP settings for a token endpoint on another host: the system's certificates are trusted too."""

    def ssl_context(self) -> ssl.SSLContext:
        context = super().ssl_context()
        if self.ca_certificate:
            context.load_default_certs()
            trust_system(context)
        return context


def _for_tokens(http: HttpSettings, token_url: str) -> HttpSettings:
    """Return the settings for token requests: without the data source's headers, user and password.

    The TLS server name is used only for the data source's origin.
    """
    values = {each.name: getattr(http, each.name) for each in dataclasses.fields(http)}
    values |= {"url": token_url, "headers": {}, "user": "", "password": ""}
    if _have_one_origin(token_url, http.url):
        return HttpSettings(**values)
    return _TokenEndpointSettings(**values | {"server_name": ""})


def _have_one_origin(url: str, other: str) -> bool:
    try:
        return origin_of(url) == origin_of(other)
    except QueryError:
        return False


def _object(answer: HttpResponse) -> dict[str, Any]:
    """Read a JSON object; the body of an error may have any content."""
    try:
        reply = answer.json()
    except DownstreamError:
        if answer.status == _OK:
            raise DownstreamError("the OAuth2 token endpoint answered something that is not JSON") from None
        return {}
    return reply if isinstance(reply, dict) else {}


def _seconds(value: object) -> float | None:
    """Read a lifetime, which some servers write as a text; None if it is missing."""
    try:
        seconds = float(value)  # type: ignore[arg-type]  # whatever JSON holds
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < float("inf") else None
