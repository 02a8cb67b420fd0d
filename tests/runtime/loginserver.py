"""A real OAuth2 server from Authlib, and an API that accepts its tokens: both on one port of this machine."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socket import SHUT_RDWR
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import flask
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey
from upstreams import settings
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from gfruntime import Settings

CLIENT, SECRET, USER, PASSWORD, REFRESH = (
    "client-1",
    "s3cret:&é of the client",
    "ada",
    "p4ssword of ada",
    "first refresh",
)
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
_PUBLIC_KEY = _KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


class _Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """The only client; with the right secret it may do everything."""

    client_id = CLIENT

    def get_client_id(self) -> str:
        return CLIENT

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_client_secret(self, secret: str) -> bool:
        return SECRET in (secret, unquote_plus(secret))  # RFC 6749, 2.3.1: encoded in the header, as Authlib leaves it

    def check_endpoint_auth_method(self, method: str, _: str) -> bool:
        return method in ("client_secret_basic", "client_secret_post", "private_key_jwt")

    def check_grant_type(self, _: str) -> bool:
        return True


@dataclass
class _Refresh(TokenMixin):  # type: ignore[misc]
    """A refresh token, which can be used once."""

    value: str

    def check_client(self, _: object) -> bool:
        return True

    def get_scope(self) -> str:
        return "read"

    def get_expires_in(self) -> int:
        return 3600

    def is_revoked(self) -> bool:
        return False

    def is_expired(self) -> bool:
        return False


@dataclass(frozen=True)
class Issued:
    """An issued token."""

    value: str
    time: float
    grant: str
    scope: str
    end: float


class Login:
    """The server; tests set its attributes to change its behaviour."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.lifetime: float = 3600
        """Seconds for which the API accepts a token; only a whole number is sent to the client."""
        self.leeway = 0.0
        """Seconds for which the API still accepts an expired token, as servers do because clocks differ."""
        self.delay = 0.0
        """Seconds before a request for a token is answered."""
        self.failure: tuple[int, str] | None = None
        """Status and body of the answer to every request for a token."""
        self.is_closed = False
        """If true, the API accepts no token."""
        self.issued: list[Issued] = []
        self.token_requests = 0
        """Requests for tokens."""
        self.accepted_tokens: list[str] = []
        """The bearer tokens of the requests that the API accepted."""
        self.refusals = 0
        """Number of requests to which the API answered 401."""
        self.refresh_tokens = {REFRESH}
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._server = make_server(
            "127.0.0.1", 0, _app(self), threaded=True, request_handler=_handler(self._connections)
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.token_url = f"{self.url}/token"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop, and end the connections that clients keep: the thread of each waits for the next request."""
        self._server.shutdown()
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)
        self._server.server_close()

    def revoke(self) -> None:
        """Refuse all tokens that were issued until now."""
        with self._lock:
            self.issued = [Issued(each.value, each.time, each.grant, each.scope, 0.0) for each in self.issued]

    def save(self, token: dict[str, Any], grant: str) -> None:
        """Store a token."""
        with self._lock:
            now = time.monotonic()
            end = now + self.lifetime + self.leeway
            issued = Issued(token["access_token"], now, grant, token.get("scope") or "", end)
            self.issued.append(issued)
            if "refresh_token" in token:
                self.refresh_tokens = {token["refresh_token"]}

    def serve(self, authorization: str) -> bool:
        """Tell whether the API accepts a request."""
        value = authorization.removeprefix("Bearer ")
        with self._lock:
            issued = next((each for each in self.issued if each.value == value), None)
            if self.is_closed or issued is None or time.monotonic() > issued.end:
                self.refusals += 1
                return False
            self.accepted_tokens.append(value)
            return True


def _handler(connections: set[socket.socket]) -> type[WSGIRequestHandler]:
    class Handler(WSGIRequestHandler):
        def setup(self) -> None:
            connections.add(self.request)
            super().setup()

        def finish(self) -> None:
            connections.discard(self.request)
            super().finish()

    return Handler


def _app(login: Login) -> flask.Flask:
    app = flask.Flask("login")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = AuthorizationServer(
        app,
        query_client=lambda name: _Client() if name == CLIENT else None,
        save_token=lambda token, request: login.save(token, request.payload.grant_type),
    )

    def generate(grant_type: str, scope: str = "", **_: Any) -> dict[str, Any]:
        lifetime = {"expires_in": int(login.lifetime)} if login.lifetime == int(login.lifetime) else {}
        more = {"refresh_token": secrets.token_urlsafe(24)} if grant_type == "refresh_token" else {}
        return {"token_type": "Bearer", "access_token": secrets.token_urlsafe(24), "scope": scope, **lifetime, **more}

    server.register_token_generator("default", generate)
    for grant in (_ClientCredentials, _Password, _refresh_grant(login), _bearer_grant(login)):
        server.register_grant(grant)
    server.register_client_auth_method("private_key_jwt", _ByAssertion(login))

    @app.post("/token")
    def token() -> Any:
        login.token_requests += 1
        time.sleep(login.delay)
        if login.failure is not None:
            status, body = login.failure
            request = f"{flask.request.headers.get('Authorization')} {flask.request.get_data(as_text=True)}"
            whole = body.replace("{request}", json.dumps(request))
            return flask.Response(whole, status=status, content_type="application/json")
        return server.create_token_response()

    @app.route("/api/<path:_>", methods=["GET", "POST"])
    def api(_: str) -> Any:
        if not login.serve(flask.request.headers.get("Authorization", "")):
            return flask.Response("no", status=401)
        return {"body": flask.request.get_data(as_text=True)}

    return app


class _ClientCredentials(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")


class _Password(grants.ResourceOwnerPasswordCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def authenticate_user(self, username: str, password: str) -> str | None:
        return username if (username, password) == (USER, PASSWORD) else None


def _refresh_grant(login: Login) -> type:
    class Grant(grants.RefreshTokenGrant):  # type: ignore[misc]
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")
        INCLUDE_NEW_REFRESH_TOKEN = True

        def authenticate_refresh_token(self, refresh_token: str) -> _Refresh | None:
            return _Refresh(refresh_token) if refresh_token in login.refresh_tokens else None

        def authenticate_user(self, _: object) -> str:
            return USER

        def revoke_old_credential(self, _: object) -> None:
            """Do nothing: `Login.save` revokes the token."""

    return Grant


def _bearer_grant(login: Login) -> type:
    class Grant(JWTBearerGrant):  # type: ignore[misc]
        def get_audiences(self) -> list[str]:
            return [login.token_url, "https://oauth2.googleapis.com/token"]  # Google's library sends this audience

        def resolve_issuer_client(self, issuer: str) -> _Client | None:
            return _Client() if issuer == CLIENT else None

        def resolve_client_public_key(self, *_: object) -> RSAKey:
            return RSAKey.import_key(_PUBLIC_KEY)

        def authenticate_user(self, subject: str) -> str:
            return subject

        def has_granted_permission(self, _: object, user: str) -> bool:
            return user == USER

    return Grant


class _ByAssertion(JWTBearerClientAssertion):  # type: ignore[misc]
    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, login: Login) -> None:
        super().__init__()
        self._login = login
        self._assertions: set[str] = set()

    def get_audiences(self) -> list[str]:
        return [self._login.token_url]

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        is_new = jti not in self._assertions
        self._assertions.add(jti)
        return is_new

    def resolve_client_public_key(self, *_: object) -> RSAKey:
        return RSAKey.import_key(_PUBLIC_KEY)


@contextmanager
def login() -> Iterator[Login]:
    """Run the server."""
    server = Login()
    try:
        yield server
    finally:
        server.close()


def values(login: Login, grant: str, **more: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the config page saves for a grant: jsonData, and the secrets."""
    data = {"oauth2Grant": grant, "oauth2TokenUrl": login.token_url, "oauth2Scopes": "read write"}
    needs: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
        "client_credentials": ({}, {"oauth2ClientSecret": SECRET}),
        "client_credentials_jwt": ({}, {"oauth2PrivateKey": PRIVATE_KEY}),
        "jwt_bearer": ({"oauth2Subject": USER}, {"oauth2PrivateKey": PRIVATE_KEY}),
        "password": ({"oauth2User": USER}, {"oauth2ClientSecret": SECRET, "oauth2Password": PASSWORD}),
        "refresh_token": ({"oauth2Scopes": ""}, {"oauth2ClientSecret": SECRET, "oauth2RefreshToken": REFRESH}),
    }
    own, own_secrets = needs[grant]
    return data | {"oauth2ClientId": CLIENT} | own | more, own_secrets


def settings_of(login: Login, grant: str = "client_credentials", **more: Any) -> Settings[Any]:
    """Return the settings of a data source."""
    data, own_secrets = values(login, grant, **more)
    return settings(url=f"{login.url}/api", data=data, secrets=own_secrets)
