"""An HTTP client that is configured as the data source is: TLS, authentication, headers, timeouts, proxies, limits.

For `def` handlers; it may be used from many threads and keeps connections open for the next request. Failures to reach
the upstream are downstream errors, as most statuses are after `raise_for_status`. For `async def` handlers use a client
of their world with the same settings (see `http_settings`).
"""

from __future__ import annotations

import contextlib
import http.client
import json as json_module
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit

from gfruntime.errors import DownstreamError
from gfruntime.http.connection import Connection, Origin
from gfruntime.http.response import HttpResponse, bound, read
from gfruntime.http.settings import HttpSettings
from gfruntime.request.incoming import FROM_ALERT, current_call
from gfruntime.telemetry import metrics, tracing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gfruntime.request.vocabulary import Settings

_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_METHOD = {307, 308}
_MOST_REDIRECTS = 10
_NEVER_FORWARDED = {
    *("accept-encoding", "connection", "content-encoding", "content-length", "content-type", "host", "keep-alive"),
    *("te", "trailer", "transfer-encoding", "upgrade", "user-agent"),
}


class HttpClient:
    """A client for one data source; make it in the constructor, close it in `dispose`."""

    def __init__(
        self, settings: HttpSettings, *, forward_headers: bool = False, datasource_type: str = "", name: str = ""
    ) -> None:
        """Prepare TLS; the data source's type and name label the metrics.

        `forward_headers` sends on what Grafana forwards (identity, cookies, `X-Grafana-*`) of the call being answered.
        """
        self.settings = settings
        self._context = settings.ssl_context()
        self._forward_headers = forward_headers
        self._type = datasource_type
        self._name = name
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings[Any], *, forward_headers: bool = False) -> HttpClient:
        """Make a client as the data source's settings say."""
        call = current_call()
        kind = call.context.plugin_id if call is not None else ""
        return cls(HttpSettings.of(settings), forward_headers=forward_headers, datasource_type=kind, name=settings.name)

    def get(self, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401  # those of `request`
        """Send a GET request."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401
        """Send a POST request."""
        return self.request("POST", url, **options)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
        body: bytes = b"",
        timeout: float | None = None,
    ) -> HttpResponse:
        """Send a request and read the answer; a relative URL goes below the data source's.

        Raises: DownstreamError when the upstream can't be reached, is too slow, or answers too much.
        """
        target = self._target(url, params)
        if json is not None:
            body = json_module.dumps(json, allow_nan=False).encode()
            headers = {"Content-Type": "application/json", **(headers or {})}
        seconds = self.settings.timeout if timeout is None else timeout
        deadline = time.monotonic() + seconds if seconds > 0 else None
        with (
            metrics.upstream(
                self._type, method, endpoint=_endpoint(), name=self._name, is_proxied=self.settings.socks is not None
            ) as answered,
            tracing.outgoing(method, target.geturl()),
        ):
            try:
                answer = self._follow(
                    _Outgoing(
                        method=method, target=target, headers=self._headers(headers), body=body, deadline=deadline
                    )
                )
            except TimeoutError as error:
                raise DownstreamError(f"{_shown(target)} did not answer within {seconds:g} s", status=504) from error
            except (OSError, http.client.HTTPException) as error:
                raise DownstreamError(f"{_shown(target)} could not be asked: {_reason(error)}") from error
            answered(answer.status, len(answer.body))
        return replace(answer, path=_shown(target))

    def close(self) -> None:
        """Close the connections that wait for a next request."""
        with self._lock:
            idle = [connection for several in self._idle.values() for connection in several]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def __del__(self) -> None:
        """Close what a data source without `dispose` has left open."""
        if hasattr(self, "_idle"):
            self.close()

    def _target(self, url: str, params: Mapping[str, str | Sequence[str]] | None) -> SplitResult:
        base = self.settings.url
        whole = url if "://" in url else f"{base.rstrip('/')}/{url.lstrip('/')}" if url else base
        target = urlsplit(whole)
        added = urlencode(params or {}, doseq=True)
        return target._replace(query="&".join(filter(None, (target.query, added))), fragment="")

    def _headers(self, given: Mapping[str, str] | None) -> dict[str, str]:
        """Put the headers together; the author's own win, then the data source's."""
        call = current_call()
        message = http.client.HTTPMessage()  # knows names in any case
        for name, value in (given or {}).items():
            message[name] = value
        for name, value in self.settings.headers.items():
            del message[name]
            message[name] = value
        defaults = {"Authorization": self.settings.authorization, "Accept-Encoding": "gzip"}
        if call is not None:
            if self._forward_headers:
                defaults |= {
                    name: value for name, value in call.http_headers.items() if name.lower() not in _NEVER_FORWARDED
                } | ({"Authorization": self.settings.authorization} if self.settings.authorization else {})
            defaults[FROM_ALERT] = call.headers.get(FROM_ALERT, "")
            defaults["User-Agent"] = _user_agent(call.context)
        for name, value in {**defaults, **tracing.headers()}.items():
            if value and name not in message:
                message[name] = value
        return dict(message.items())

    def _follow(self, sent: _Outgoing) -> HttpResponse:
        """Send, and go where the answers point; another origin gets no credentials."""
        first = Origin.of(sent.target)
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._once(sent)
            place = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not place:
                return answer
            sent = replace(sent, target=urlsplit(urljoin(sent.target.geturl(), place)))
            if Origin.of(sent.target) != first:
                sent = sent.without({*self.settings.headers, "Authorization", "Cookie", "X-Id-Token"})
            if answer.status not in _KEEP_METHOD and sent.method not in ("GET", "HEAD"):
                sent = replace(sent.without({"Content-Type"}), method="GET", body=b"")
        raise DownstreamError(f"the upstream redirects more than {_MOST_REDIRECTS} times")

    def _once(self, sent: _Outgoing) -> HttpResponse:
        """Send one request; a kept connection that the upstream has just closed is replaced."""
        origin = Origin.of(sent.target)
        while True:
            connection = self._connection(origin)
            try:
                with contextlib.closing(sent.by(connection)) as response:
                    answer = read(connection, response, limit=self.settings.response_limit, deadline=sent.deadline)
            except (ConnectionError, http.client.BadStatusLine):
                connection.close()
                if connection.is_reused and sent.method in ("GET", "HEAD", "OPTIONS"):
                    continue
                raise
            except BaseException:
                connection.close()
                raise
            self._keep(origin, connection, response)
            return answer

    def _connection(self, origin: Origin) -> Connection:
        oldest = time.monotonic() - (self.settings.idle_timeout or float("inf"))
        while True:
            with self._lock:
                if not self._idle[origin]:
                    break
                connection = self._idle[origin].pop()
            if connection.idle_since >= oldest and connection.is_usable():
                connection.is_reused = True
                return connection
            connection.close()
        return Connection(origin, self.settings, self._context)

    def _keep(self, origin: Origin, connection: Connection, response: http.client.HTTPResponse) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            if not response.will_close and len(self._idle[origin]) < max(self.settings.max_idle, 1):
                self._idle[origin].append(connection)
                return
        connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outgoing:
    """One request; `deadline` is a monotonic time."""

    method: str
    target: SplitResult
    headers: Mapping[str, str]
    body: bytes
    deadline: float | None

    def without(self, names: Iterable[str]) -> _Outgoing:
        """Leave out headers."""
        private = {name.lower() for name in names}
        return replace(self, headers={k: value for k, value in self.headers.items() if k.lower() not in private})

    def by(self, connection: Connection) -> http.client.HTTPResponse:
        """Send it, and read the answer's head."""
        if connection.sock is None:
            connection.connect()
        bound(connection, self.deadline)
        host = self.target.netloc.rpartition("@")[2]
        path = (self.target.path or "/") + (f"?{self.target.query}" if self.target.query else "")
        headers = {"Host": host, **self.headers}
        if connection.is_absolute:
            path, headers = f"{self.target.scheme}://{host}{path}", {**headers, **connection.proxy_headers}
        connection.request(self.method, path, body=self.body or None, headers=headers)
        return connection.getresponse()


def _endpoint() -> str:
    call = current_call()
    return call.endpoint if call is not None else ""


def _user_agent(context: Any) -> str:  # noqa: ANN401  # PluginContext
    base = str(context.grafana) if context.grafana.version != "0.0.0" else "Grafana"
    return f"{base} {context.plugin_id}/{context.plugin_version}" if context.plugin_id else base


def _shown(target: SplitResult) -> str:
    """Name an upstream in a message: its query may hold secrets, its address is not for everybody."""
    return target.path or "/"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
