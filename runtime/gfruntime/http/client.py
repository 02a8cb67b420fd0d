"""An HTTP client configured like the data source: TLS, authentication, headers, timeouts, proxies, limits.

For `def` handlers; many threads may use it, and it keeps connections open for later requests. If the upstream can't be
reached, it raises a downstream error, as `raise_for_status` does for most error statuses. urllib3 implements HTTP and
the connections; this package implements Grafana's settings, and which headers may go to which host. `AsyncHttpClient`
is for `async def` handlers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfruntime.http.sending import RequestSender
from gfruntime.http.settings import HttpSettings
from gfruntime.request.incoming import current_call

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from gfruntime.http.middleware import Auth, Middleware
    from gfruntime.http.response import HttpResponse
    from gfruntime.http.retries import Retries
    from gfruntime.request.vocabulary import Settings


class HttpClient:
    """A client for one data source; create it in the constructor, close it in `dispose`.

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
        `send`; the first one is outermost.
        `forward_headers` forwards the headers of the current call (identity, cookies, `X-Grafana-*`); a user's token
        takes precedence over basic authentication and `auth`.
        `allowed_hosts` (`"example.com"`, `"example.com:8443"`) may be requested too, but get no credentials.
        `retries` says how often a request is repeated if the upstream is busy; default: never.
        Units: `deadline` is in seconds, for each request as a whole; `max_bytes` limits a body after decompression.
        """
        self.settings = settings
        self._sender = RequestSender(
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
        """Make a client with the data source's settings, including those of `OAuth2Options` unless `auth` is set."""
        call = current_call()
        return cls(
            HttpSettings.of(settings),
            auth=_oauth2_of(settings) if auth is None else auth,
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
        """Send a GET request; the options and errors are those of `request`."""
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> HttpResponse:  # noqa: ANN401
        """Send a POST request; the options and errors are those of `request`."""
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
        """Send a request and read the response; a relative URL is resolved below the data source's URL.

        The smallest of `timeout` (default: the data source's timeout), both deadlines and the time that Grafana waits
        for the call limits the request, including redirects and repetitions by middleware.
        Units: `timeout` and `deadline` are in seconds, `max_bytes` in bytes after decompression.
        Raises: DownstreamError if the upstream can't be reached, is too slow, or its response is too large; QueryError
        if the address leaves the data source's path or host.
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
        """Close the idle connections."""
        self._sender.close()

    def __del__(self) -> None:
        """Close the connections of a data source without `dispose`."""
        if hasattr(self, "_sender"):
            self.close()


def _oauth2_of(settings: Settings[Any]) -> Auth | None:
    """Return the OAuth2 of the config page, if it is configured."""
    if settings.json_data.get("oauth2Grant") in (None, "", "none"):
        return None
    from gfruntime.http.oauth2 import OAuth2  # noqa: PLC0415  # most data sources have none

    return OAuth2.of(settings)
