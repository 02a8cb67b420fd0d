"""One request of an `HttpClient`, from the author's call to the exchange: address, limits, headers, authentication."""

from __future__ import annotations

import functools
import json as json_module
import re
import time
from typing import TYPE_CHECKING, Any

from gfruntime.errors import QueryError
from gfruntime.http import answer_limit, deadlines, outgoing
from gfruntime.http.addresses import Addresses
from gfruntime.http.deadlines import Deadline
from gfruntime.http.exchanges import Exchanges, Outgoing
from gfruntime.http.middleware import HttpRequest, RenewableAuth, chain
from gfruntime.http.retries import send_with_retries
from gfruntime.logs import masking
from gfruntime.request.incoming import current_call
from gfruntime.telemetry import metrics, tracing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gfruntime.http.middleware import Auth, Middleware, Send
    from gfruntime.http.response import HttpResponse
    from gfruntime.http.retries import Retries
    from gfruntime.http.settings import HttpSettings

_METHOD = re.compile("[A-Za-z][A-Za-z-]*")
_DEFAULT_MAX_BYTES = 100 * 1024 * 1024
_UNAUTHORIZED = 401


class RequestSender:
    """The settings and connections of one client; the parameters are those of `HttpClient`."""

    def __init__(
        self,
        settings: HttpSettings,
        *,
        auth: Auth | None = None,
        middleware: Sequence[Middleware] = (),
        retries: Retries | None = None,
        forward_headers: bool = False,
        datasource_type: str = "",
        name: str = "",
        allowed_hosts: Collection[str] = (),
        deadline: float | None = None,
        max_bytes: int | None = None,
    ) -> None:
        """Prepare TLS; no connection is opened yet."""
        self._settings = settings
        self._addresses = Addresses(settings.url, allowed_hosts)
        self._exchanges = Exchanges(settings, self._addresses)
        self._auth = auth
        self._middleware = tuple(middleware)
        self._retries = retries
        self._forward_headers = forward_headers
        self._type = datasource_type
        self._name = name
        self._deadline = deadline
        self._max_bytes = max_bytes
        private = {"Authorization": settings.authorization, **settings.headers}
        self._credentials = {settings.password, *outgoing.secrets(private)}

    def close(self) -> None:
        """Close the idle connections."""
        self._exchanges.close()

    def prepare(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes = b"",
        timeout: float | None = None,
        deadline: float | None = None,
        max_bytes: int | None = None,
    ) -> tuple[HttpRequest, Send]:
        """Return a request, and the function that sends it through the middleware; its deadline starts now.

        Raises: QueryError if the address leaves the data source's path or host, or the method is invalid.
        """
        masking.remember(self._credentials)  # `masking` forgets them after some minutes without use
        seconds = (
            self._settings.timeout if timeout is None else timeout,
            self._deadline,
            deadline,
            _seconds_left_of_call(),
        )
        least = min((each for each in seconds if each is not None and each > 0), default=None)
        end = Deadline(least, outer=deadlines.current.get())
        limit, bound = self._limit(max_bytes)
        address = self._addresses.resolve(url, params)
        if json is not None:
            body = json_module.dumps(json, allow_nan=False).encode()
            headers = {"Content-Type": "application/json", **(headers or {})}

        def send(request: HttpRequest) -> HttpResponse:
            place = address if request.url == address.url else self._addresses.resolve(request.url, None)
            if not _METHOD.fullmatch(request.method):
                raise QueryError(f"{request.method[:100]!r} is not an HTTP method")
            outgoing_request = Outgoing(
                method=request.method, address=place, headers={}, body=request.body, limit=limit, bound=bound
            )
            attempt = functools.partial(self._send, outgoing_request, request.headers, end)
            return send_with_retries(self._retries, request.method, end, attempt)

        request = HttpRequest(method=method, url=address.url, headers=dict(headers or {}), body=body)
        return request, chain(self._middleware, send)

    def _send(self, outgoing_request: Outgoing, call_headers: Mapping[str, str], end: Deadline) -> HttpResponse:
        """Send a request, with metrics and a trace."""
        call, is_proxied = current_call(), self._settings.socks is not None
        endpoint = call.endpoint if call is not None else ""
        measured = metrics.upstream(
            self._type, outgoing_request.method, endpoint=endpoint, name=self._name, is_proxied=is_proxied
        )
        with measured as record_result, tracing.outgoing(outgoing_request.method, outgoing_request.address.url):
            headers = outgoing.collect(self._settings, call_headers, is_forwarding=self._forward_headers)
            answer = self._authenticate(outgoing_request, headers, call_headers, end)
            record_result(answer.status, len(answer.body))
            return answer

    def _authenticate(
        self, outgoing_request: Outgoing, headers: Mapping[str, str], call_headers: Mapping[str, str], end: Deadline
    ) -> HttpResponse:
        """Send a request with the headers of `auth`; if it is refused, repeat it once with renewed headers."""
        if self._auth is None or outgoing_request.address.is_foreign:
            return self._exchanges.run(outgoing_request.with_headers(headers, self._settings), end)
        token = outgoing.user_token(is_forwarding=self._forward_headers)
        has_token = "authorization" in {name.lower() for name in token}
        fixed = {name.lower() for name in (*token, *call_headers, *self._settings.headers)}
        bare = HttpRequest(
            method=outgoing_request.method,
            url=outgoing_request.address.url,
            headers=headers,
            body=outgoing_request.body,
            has_user_token=has_token,
        )
        request = _with_auth(bare, self._auth, fixed, end)
        answer = self._exchanges.run(outgoing_request.with_headers(request.headers, self._settings), end)
        if answer.status != _UNAUTHORIZED or request is bare or not isinstance(self._auth, RenewableAuth):
            return answer
        with deadlines.as_current(end):
            is_renewed = self._auth.renew(request)
        if not is_renewed:
            return answer
        request = _with_auth(bare, self._auth, fixed, end)
        return self._exchanges.run(outgoing_request.with_headers(request.headers, self._settings), end)

    def _limit(self, max_bytes: int | None) -> tuple[int, str]:
        """Return the limit of a body, and who sets it: Grafana, the author, or the default."""
        own, grafanas = self._max_bytes if max_bytes is None else max_bytes, self._settings.response_limit
        limit = _DEFAULT_MAX_BYTES if own is None else own
        if grafanas > 0 and (limit <= 0 or grafanas < limit):
            return grafanas, answer_limit.SET_BY_GRAFANA
        return max(limit, 0), "which the plugin's author can raise: HttpClient.of(settings, max_bytes=...)"


def _with_auth(bare: HttpRequest, auth: Auth, fixed: Collection[str], end: Deadline) -> HttpRequest:
    """Return a request with the headers of `auth` that no fixed header replaces; unchanged without such headers."""
    with deadlines.as_current(end):
        auth_headers: Any = auth(bare)
    own = {name: str(value) for name, value in (auth_headers or {}).items() if name.lower() not in fixed}
    if not own:
        return bare
    outgoing.check(own)
    masking.remember(outgoing.secrets(own))
    return bare.with_headers(own)


def _seconds_left_of_call() -> float | None:
    """Return the seconds that Grafana still waits for the current call; None if unknown."""
    call = current_call()
    if call is None or call.deadline is None:
        return None
    return max(call.deadline - time.monotonic(), 0.001)
