"""An HTTP client that is configured as the data source is: TLS, authentication, headers, timeouts, proxies, limits.

For `def` handlers; it may be used from many threads and keeps connections open for the next request. Failures to reach
the upstream are downstream errors, as most statuses are after `raise_for_status`. urllib3 speaks HTTP and keeps the
connections; what Grafana's settings mean, and what leaves for whom, is decided here. For `async def` handlers there is
`AsyncHttpClient`.
"""

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
from gfruntime.http.retries import Retries, send_with_retries
from gfruntime.http.settings import HttpSettings
from gfruntime.logs import masking
from gfruntime.request.incoming import current_call
from gfruntime.telemetry import metrics, tracing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gfruntime.http.response import HttpResponse
    from gfruntime.request.vocabulary import Settings

_METHOD = re.compile("[A-Za-z][A-Za-z-]*")
_DEFAULT_MAX_BYTES = 100 * 1024 * 1024


class HttpClient:
    """A client for one data source; make it in the constructor, close it in `dispose`.

    >>> client = HttpClient.of(settings)
    >>> client.get("/rows", params={"limit": "10"}).raise_for_status().json()
    [{'value': 1.5}]
    """

    def __init__(
        self,
        settings: HttpSettings,
        *,
        forward_headers: bool = False,
        datasource_type: str = "",
        name: str = "",
        allowed_hosts: Collection[str] = (),
        deadline: float | None = None,
        max_bytes: int | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Prepare TLS; the data source's type and name label the metrics.

        `forward_headers` sends on what Grafana forwards (identity, cookies, `X-Grafana-*`) of the call being answered.
        `allowed_hosts` (`"example.com"`, `"example.com:8443"`) may be asked too, without credentials.
        `retries` says how often an upstream that is busy is asked again; by default never.
        Units: `deadline` is in seconds, for each exchange as a whole; `max_bytes` bounds a body after decompression.
        """
        self.settings = settings
        self._addresses = Addresses(settings.url, allowed_hosts)
        self._exchanges = Exchanges(settings, self._addresses)
        self._forward_headers = forward_headers
        self._type = datasource_type
        self._name = name
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._retries = retries
        private = {"Authorization": settings.authorization, **settings.headers}
        self._credentials = {settings.password, *outgoing.secrets(private)}

    @classmethod
    def of(
        cls,
        settings: Settings[Any],
        *,
        forward_headers: bool = False,
        allowed_hosts: Collection[str] = (),
        deadline: float | None = None,
        max_bytes: int | None = None,
        retries: Retries | None = None,
    ) -> HttpClient:
        """Make a client as the data source's settings say."""
        call = current_call()
        return cls(
            HttpSettings.of(settings),
            forward_headers=forward_headers,
            datasource_type=call.context.plugin_id if call is not None else "",
            name=settings.name,
            allowed_hosts=allowed_hosts,
            deadline=deadline,
            max_bytes=max_bytes,
            retries=retries,
        )

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
        deadline: float | None = None,
        max_bytes: int | None = None,
    ) -> HttpResponse:
        """Send a request and read the answer; a relative URL goes below the data source's.

        The least of `timeout` (else the data source's), both deadlines and the time that Grafana waits for the call
        bounds the exchange, redirects included.
        Raises: DownstreamError when the upstream can't be reached, is too slow, or answers too much; QueryError when
        the address leaves the data source's path or host.
        """
        seconds = (self.settings.timeout if timeout is None else timeout, self._deadline, deadline, _left_of_call())
        least = min((each for each in seconds if each is not None and each > 0), default=None)
        end = Deadline(least, outer=deadlines.current.get())
        options: Any = {"params": params, "headers": headers, "json": json, "body": body, "max_bytes": max_bytes}
        send = functools.partial(self._send, end, method, url, **options)
        return send_with_retries(self._retries, method, end, send)

    def close(self) -> None:
        """Close the connections that wait for a next request."""
        self._exchanges.close()

    def __del__(self) -> None:
        """Close what a data source without `dispose` has left open."""
        if hasattr(self, "_exchanges"):
            self.close()

    def _send(
        self,
        end: Deadline,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | Sequence[str]] | None,
        headers: Mapping[str, str] | None,
        json: object,
        body: bytes,
        max_bytes: int | None,
    ) -> HttpResponse:
        """Send a request, measured and traced."""
        masking.remember(self._credentials)  # which are forgotten when they are not used for some minutes
        if not _METHOD.fullmatch(method):
            raise QueryError(f"{method[:100]!r} is no HTTP method")
        if json is not None:
            body = json_module.dumps(json, allow_nan=False).encode()
            headers = {"Content-Type": "application/json", **(headers or {})}
        address = self._addresses.resolve(url, params)
        limit, bound = self._limit(max_bytes)
        sent = Outgoing(method=method, address=address, headers={}, body=body, limit=limit, bound=bound)
        call, is_proxied = current_call(), self.settings.socks is not None
        endpoint = call.endpoint if call is not None else ""
        with (
            metrics.upstream(self._type, method, endpoint=endpoint, name=self._name, is_proxied=is_proxied) as answered,
            tracing.outgoing(method, address.url),
        ):
            collected = outgoing.collect(self.settings, headers or {}, is_forwarding=self._forward_headers)
            answer = self._exchanges.run(sent.with_headers(collected, self.settings), end)
            answered(answer.status, len(answer.body))
            return answer

    def _limit(self, max_bytes: int | None) -> tuple[int, str]:
        """Return the bound of a body, and whose it is: Grafana's, the author's, or the default."""
        own, grafanas = self._max_bytes if max_bytes is None else max_bytes, self.settings.response_limit
        limit = _DEFAULT_MAX_BYTES if own is None else own
        if grafanas > 0 and (limit <= 0 or grafanas < limit):
            return grafanas, answer_limit.GRAFANAS
        return max(limit, 0), "which the plugin's author can raise: HttpClient.of(settings, max_bytes=...)"


def _left_of_call() -> float | None:
    """Return the seconds that Grafana still waits for the call that is being answered."""
    call = current_call()
    if call is None or call.deadline is None:
        return None
    return max(call.deadline - time.monotonic(), 0.001)
