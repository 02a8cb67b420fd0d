"""An HTTP client that is configured as the data source is: TLS, authentication, headers, timeouts, proxies, limits.

For `def` handlers; it may be used from many threads and keeps connections open for the next request. Failures to reach
the upstream are downstream errors, as most statuses are after `raise_for_status`. urllib3 speaks HTTP and keeps the
connections; what Grafana's settings mean, and what leaves for whom, is decided here. For `async def` handlers there is
`AsyncHttpClient`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfruntime.http.sending import Sender
from gfruntime.http.settings import HttpSettings
from gfruntime.request.incoming import current_call

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gfruntime.http.middleware import Auth, Middleware
    from gfruntime.http.response import HttpResponse
    from gfruntime.http.retries import Retries
    from gfruntime.request.vocabulary import Settings


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
        auth: Auth | None = None,
        middleware: Sequence[Middleware] = (),
        forward_headers: bool = False,
        datasource_type: str = "",
        name: str = "",
        allowed_hosts: Collection[str] = (),
        deadline: float | None = None,
        max_bytes: int | None = None,
        retries: Retries | None = None,
    ) -> None:
        """Prepare TLS; the data source's type and name label the metrics.

        `auth` is a function from an `HttpRequest` to the headers to add. `middleware` are functions of a request and of
        `send`, the first of them outermost.
        `forward_headers` sends on what Grafana forwards (identity, cookies, `X-Grafana-*`) of the call being answered;
        the token of a user wins over basic authentication and `auth`.
        `allowed_hosts` (`"example.com"`, `"example.com:8443"`) may be asked too, without credentials.
        `retries` says how often an upstream that is busy is asked again; by default never.
        Units: `deadline` is in seconds, for each request as a whole; `max_bytes` bounds a body after decompression.
        """
        self.settings = settings
        self._sender = Sender(
            settings,
            auth=auth,
            middleware=middleware,
            retries=retries,
            forward_headers=forward_headers,
            datasource_type=datasource_type,
            name=name,
            allowed_hosts=allowed_hosts,
            deadline=deadline,
            max_bytes=max_bytes,
        )

    @classmethod
    def of(
        cls,
        settings: Settings[Any],
        *,
        auth: Auth | None = None,
        middleware: Sequence[Middleware] = (),
        forward_headers: bool = False,
        allowed_hosts: Collection[str] = (),
        deadline: float | None = None,
        max_bytes: int | None = None,
        retries: Retries | None = None,
    ) -> HttpClient:
        """Make a client as the data source's settings say, those of `OAuth2Options` included unless there is `auth`."""
        call = current_call()
        return cls(
            HttpSettings.of(settings),
            auth=_configured(settings) if auth is None else auth,
            middleware=middleware,
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
        bounds the request, redirects and what middleware repeats included.
        Raises: DownstreamError when the upstream can't be reached, is too slow, or answers too much; QueryError when
        the address leaves the data source's path or host.
        """
        request, send = self._sender.prepare(
            method,
            url,
            params=params,
            headers=headers,
            json=json,
            body=body,
            timeout=timeout,
            deadline=deadline,
            max_bytes=max_bytes,
        )
        return send(request)

    def close(self) -> None:
        """Close the connections that wait for a next request."""
        self._sender.close()

    def __del__(self) -> None:
        """Close what a data source without `dispose` has left open."""
        if hasattr(self, "_sender"):
            self.close()


def _configured(settings: Settings[Any]) -> Auth | None:
    """Return the OAuth2 that the config page asks for, if it does."""
    if settings.json_data.get("oauth2Grant") in (None, "", "none"):
        return None
    from gfruntime.http.oauth2 import OAuth2  # noqa: PLC0415  # most data sources have none

    return OAuth2.of(settings)
