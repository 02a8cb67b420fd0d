"""Access tokens for routes with `tokenAuth` or `jwtTokenAuth`: requested from an address, cached until they expire.

Source: grafana v8.2.0, pkg/api/pluginproxy/token_provider_generic.go and token_provider_jwt.go; grafana v13.0.0,
pkg/api/pluginproxy/ds_auth_provider.go, getTokenProvider.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from gfplug.errors import ToolError
from gfplug.host.preview.route_templates import fill, fill_address
from gfplug.host.preview.signed_assertion import GRANT_TYPE, sign_assertion
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MARGIN_SECONDS = 10.0
_MOST_KEPT = 100
_OK = 200
_HINT = "check the route's authentication in plugin.json, and the values on the config page"


class RouteTokens:
    """The tokens of a data source; `post` sends a form to an address, and returns the status and the body."""

    def __init__(self, post: Callable[[str, bytes], tuple[int, bytes]]) -> None:
        """Start without tokens."""
        self._post = post
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, bytes], tuple[str, float]] = {}

    def token(self, route: Mapping[str, Any], kind: object, values: Mapping[str, Any]) -> str:
        """Return the token that a route needs; empty if the route does not define authentication.

        `kind` is the data source's option `authenticationType`; `values` fill the route's templates.
        Raises: ToolError if there is no token; Grafana logs an error and sends the request without one.
        """
        auth, jwt_auth = route.get("tokenAuth"), route.get("jwtTokenAuth")
        if not isinstance(auth, dict) and not isinstance(jwt_auth, dict):
            return ""
        kind = (isinstance(kind, str) and kind) or route.get("authType") or ""
        if kind not in ("", "jwt"):
            raise ToolError(f"the preview's proxy does not support the authentication {kind!r}")
        if not kind and isinstance(auth, dict):
            return self._token_by_form(auth, values)
        if isinstance(jwt_auth, dict):
            return self._token_by_assertion(jwt_auth, values)
        raise ToolError("the authentication 'jwt' needs jwtTokenAuth, which the route does not have", hint=_HINT)

    def _token_by_form(self, auth: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        address = fill_address(auth.get("url"), values, key="tokenAuth.url")
        form = urlencode(_params(auth, values)).encode()
        return self._from_cache(address, form, lambda: self._ask(address, form))

    def _token_by_assertion(self, auth: Mapping[str, Any], values: Mapping[str, Any]) -> str:
        params, scopes = _params(auth, values), auth.get("scopes")
        texts = [str(scope) for scope in scopes] if isinstance(scopes, list) else []
        address = fill_address(_templates(auth).get("token_uri"), values, key="jwtTokenAuth.params.token_uri")

        def ask() -> tuple[str, float]:
            key = params.get("private_key", "")
            assertion = sign_assertion(email=params.get("client_email", ""), key=key, address=address, scopes=texts)
            return self._ask(address, urlencode({"grant_type": GRANT_TYPE, "assertion": assertion}).encode())

        return self._from_cache(address, urlencode({**params, "scopes": " ".join(texts)}).encode(), ask)

    def _from_cache(self, address: str, account: bytes, ask: Callable[[], tuple[str, float]]) -> str:
        with self._lock:
            token, expires_at = self._tokens.get((address, account), ("", 0.0))
            if expires_at - _MARGIN_SECONDS > time.time():
                return token
            token, expires_at = ask()
            if len(self._tokens) >= _MOST_KEPT:
                self._tokens.clear()
            self._tokens[address, account] = token, expires_at
        return token

    def _ask(self, address: str, form: bytes) -> tuple[str, float]:
        """Return a new token, and its expiry time in seconds since 1970."""
        host = urlsplit(address).hostname
        status, body = self._post(address, form)
        try:
            answer = documents.parse_json(body)
            if status != _OK or not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
                raise ToolError(f"{host} returned no access token: its status is {status}", hint=_HINT)
            until = answer.get("expires_on")
            expires_at = float(until) if until is not None else time.time() + float(answer.get("expires_in") or 0)
        except (TypeError, ValueError) as error:
            raise ToolError(f"{host} returned no access token: its answer cannot be read", hint=_HINT) from error
        return answer["access_token"], expires_at


def _params(auth: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    return {name: fill(str(value), values) for name, value in _templates(auth).items()}


def _templates(auth: Mapping[str, Any]) -> Mapping[str, Any]:
    params = auth.get("params")
    return params if isinstance(params, dict) else {}
