"""Other HTTP clients with the settings of the data source: httpx and requests.

They use its TLS, basic authentication, custom headers, timeouts, proxies and Grafana's limit on responses; other
origins get no credentials. Only `HttpClient` also checks the data source's path, keeps the deadline, and converts
errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from gfruntime.errors import QueryError
from gfruntime.http import answer_limit
from gfruntime.http.addresses import Origin, origin_of
from gfruntime.http.pools import Pools
from gfruntime.http.proxies import proxy_for
from gfruntime.http.settings import HttpSettings

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    import httpx
    import requests

    from gfruntime.request.vocabulary import Settings

    _Transport = TypeVar("_Transport", bound=httpx.HTTPTransport | httpx.AsyncHTTPTransport)


def httpx_client(settings: Settings[Any] | HttpSettings, **httpx_options: Any) -> httpx.Client:  # noqa: ANN401  # httpx's own
    """Return a configured `httpx.Client`; the options are httpx's.

    Raises: ModuleNotFoundError when the project does not depend on httpx.

    >>> client = httpx_client(settings)  # doctest: +SKIP
    >>> client.get("/rows").json()  # doctest: +SKIP
    """
    try:
        import httpx  # noqa: PLC0415  # takes long, and only who asks for it needs it
    except ModuleNotFoundError as error:
        raise missing("httpx") from error
    http = _http(settings)

    class HttpTransport(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            _prepare(request, http)
            return answer_limit.httpx_response(super().handle_request(request), request, http)

    return httpx.Client(**{**_httpx_options(http, HttpTransport), **httpx_options})


def httpx_async_client(settings: Settings[Any] | HttpSettings, **httpx_options: Any) -> httpx.AsyncClient:  # noqa: ANN401
    """Return a configured `httpx.AsyncClient`; the options are httpx's.

    Raises: ModuleNotFoundError when the project does not depend on httpx.

    >>> client = httpx_async_client(settings)  # doctest: +SKIP
    >>> (await client.get("/rows")).json()  # doctest: +SKIP
    """
    try:
        import httpx  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise missing("httpx") from error
    http = _http(settings)

    class HttpTransport(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            _prepare(request, http)
            return answer_limit.httpx_response(await super().handle_async_request(request), request, http)

    return httpx.AsyncClient(**{**_httpx_options(http, HttpTransport), **httpx_options})


def requests_session(settings: Settings[Any] | HttpSettings) -> requests.Session:
    """Return a configured `requests.Session`, which also uses Grafana's secure socks proxy.

    Raises: ModuleNotFoundError when the project does not depend on requests.

    >>> session = requests_session(settings)  # doctest: +SKIP
    >>> session.get(settings.url + "/rows").json()  # doctest: +SKIP
    """
    try:
        import requests  # noqa: PLC0415
        from requests.adapters import HTTPAdapter  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise missing("requests") from error
    http = _http(settings)
    pools = Pools(http)

    class Adapter(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *arguments: Any, **more: Any) -> requests.Response:  # noqa: ANN401
            if origin_of(request.url or "") != _data_source_origin(http):
                _drop_credentials(request.headers, http)
            more["timeout"] = more.get("timeout") or (http.dial_timeout or None, http.timeout or None)
            response = super().send(request, *arguments, **more)
            response.raw = answer_limit.requests_raw(response.raw, request.path_url, http)
            return response

        def get_connection_with_tls_context(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> Any:  # noqa: ANN401
            return pools.of(origin_of(request.url or ""))[0]

        def request_url(self, request: requests.PreparedRequest, _: Any) -> str:  # noqa: ANN401
            needs_whole = pools.of(origin_of(request.url or ""))[1]
            return (request.url or "").partition("#")[0] if needs_whole else request.path_url

        def cert_verify(self, *_: Any) -> None:  # noqa: ANN401
            """Leave TLS to the settings."""

        def close(self) -> None:
            pools.close()
            super().close()

    session = requests.Session()
    session.trust_env = False  # no credentials from ~/.netrc; the proxies are those of HttpClient
    session.auth = http.auth
    session.headers.update(http.headers)
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session


def _httpx_options(http: HttpSettings, transport: type[_Transport]) -> dict[str, Any]:
    """Convert the settings to httpx's options."""
    import httpx  # noqa: PLC0415

    if http.socks is not None:
        raise QueryError("httpx can't use Grafana's secure socks proxy; use gfruntime's HttpClient in the plugin")
    proxy = proxy_for(origin_of(http.url)) if http.url else None
    through = None
    if proxy is not None:
        context = HttpSettings().ssl_context() if proxy.scheme == "https" else None
        through = httpx.Proxy(proxy.url, auth=(proxy.user, proxy.password) if proxy.user else None, ssl_context=context)
    limits = httpx.Limits(max_keepalive_connections=max(http.max_idle, 1), keepalive_expiry=http.idle_timeout or None)
    return {
        "base_url": http.url,
        "headers": http.headers,
        "auth": http.auth,
        "timeout": httpx.Timeout(http.timeout or None, connect=http.dial_timeout or None),
        "transport": transport(verify=http.ssl_context(), proxy=through, limits=limits, trust_env=False),
        "trust_env": False,  # no credentials from ~/.netrc
    }


def _prepare(request: httpx.Request, http: HttpSettings) -> None:
    """Apply the rules to a request of httpx, just before it is sent."""
    if origin_of(str(request.url)) != _data_source_origin(http):
        _drop_credentials(request.headers, http)
    elif http.server_name:
        request.extensions.setdefault("sni_hostname", http.server_name)


def _drop_credentials(headers: MutableMapping[str, Any], http: HttpSettings) -> None:
    """Remove the settings' headers and the user's identity from a request to another origin."""
    for name in (*http.headers, "Authorization", "Cookie", "Proxy-Authorization", "X-Grafana-Id", "X-Id-Token"):
        headers.pop(name, None)


def _http(settings: Settings[Any] | HttpSettings) -> HttpSettings:
    return settings if isinstance(settings, HttpSettings) else HttpSettings.of(settings)


def _data_source_origin(http: HttpSettings) -> Origin | None:
    return origin_of(http.url) if http.url else None


def missing(package: str) -> ModuleNotFoundError:
    """Make an error that names the missing package."""
    sentence = f"{package} is not installed; add {package!r} to the dependencies in pyproject.toml"
    return ModuleNotFoundError(sentence, name=package)
