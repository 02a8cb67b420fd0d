"""One exchange with an upstream: send a request, follow redirects, read the response, describe errors in one sentence.

If the call's traffic is captured, each request is added to it, redirects and failures included.
"""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError, ProtocolError, ProxyError

from gfruntime.errors import DownstreamError
from gfruntime.http import deadlines, outgoing
from gfruntime.http.deadlines import Deadline
from gfruntime.http.pools import Pools, StaleConnectionError
from gfruntime.http.response import HttpResponse, encodings_of, explain, one_line, read_body
from gfruntime.logs import capture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3 import BaseHTTPResponse

    from gfruntime.http.addresses import Addresses, UrlAddress
    from gfruntime.http.settings import HttpSettings
    from gfruntime.logs.traffic import Traffic

_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_METHOD = {307, 308}
_MOST_REDIRECTS = 10
_REPEATABLE = {"GET", "HEAD", "OPTIONS"}
_FAILED = 400
_FAILURES = (HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request; `limit` bounds its response, and `bound` says who sets the limit."""

    method: str
    address: UrlAddress
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    limit: int
    bound: str

    def with_headers(self, headers: Mapping[str, str], settings: HttpSettings) -> Outgoing:
        """Add headers, except those that may not go to the request's origin."""
        return replace(self, headers=outgoing.public(headers, settings) if self.address.is_foreign else headers)


class Exchanges:
    """The exchanges of one client, with its connections."""

    def __init__(self, settings: HttpSettings, addresses: Addresses) -> None:
        """Prepare TLS; no connection is opened yet."""
        self._settings = settings
        self._addresses = addresses
        self._pools = Pools(settings)

    def close(self) -> None:
        """Close the idle connections."""
        self._pools.close()

    def run(self, request: Outgoing, deadline: Deadline) -> HttpResponse:
        """Send a request and read the response.

        Raises: DownstreamError for any failure; its text has no secret of the request.
        """
        token = deadlines.current.set(deadline)
        try:
            answer = self._follow(request)
        except DownstreamError as error:
            error.args = (one_line(str(error), secrets=outgoing.secrets(request.headers)),)
            raise
        except _FAILURES as error:
            reason = one_line(self._reason(error, deadline), secrets=outgoing.secrets(request.headers))
            is_late = deadline.is_over or isinstance(_cause(error), TimeoutError)
            raise DownstreamError(f"{request.address.label} {reason}", status=504 if is_late else 502) from error
        finally:
            deadlines.current.reset(token)
        if answer.status < _FAILED:
            return answer if answer.path == request.address.label else replace(answer, path=request.address.label)
        secrets = outgoing.secrets(request.headers)
        explanation, reason = one_line(explain(answer.body), secrets=secrets), one_line(answer.reason, secrets=secrets)
        return replace(answer, path=request.address.label, reason=reason, explanation=explanation)

    def _follow(self, request: Outgoing) -> HttpResponse:
        """Send, and follow redirects; another origin gets no credentials."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._send_and_read(request)
            if answer.status not in _REDIRECTS:
                return answer
            request = replace(
                request, address=self._addresses.redirect(request.address, answer.headers.get("Location", ""))
            )
            if answer.status not in _KEEP_METHOD and request.method not in ("GET", "HEAD"):
                request = replace(request, method="GET", body=b"", headers=outgoing.without_body(request.headers))
            if request.address.is_foreign and request.body:
                raise DownstreamError(f"{answer.path} redirects the request's body to another host")
            request = request.with_headers(request.headers, self._settings)
        raise DownstreamError(f"the upstream redirects more than {_MOST_REDIRECTS} times")

    def _send_and_read(self, request: Outgoing) -> HttpResponse:
        """Send one request, and read its response completely."""
        traffic = capture.traffic.get()
        if traffic is None:
            return self._read(request, self._send(request))
        return self._capture(request, traffic)

    def _capture(self, request: Outgoing, traffic: Traffic) -> HttpResponse:
        """Send one request, and add it to the call's traffic, without the headers that the transport adds, as in Go."""
        is_asked_for = outgoing.asks_for_encoding(request.headers)
        headers = [pair for pair in request.headers.items() if is_asked_for or pair[0].lower() != "accept-encoding"]
        exchange = traffic.begin(request.method, request.address.url, headers, request.body)
        try:
            response = self._send(request)
            headers = [
                (name, value.encode("latin-1").decode(errors="replace")) for name, value in response.headers.items()
            ]
            exchange.answer(response.status, response.reason or "", f"HTTP/{response.version / 10:.1f}", headers)
            answer = self._read(request, response)
        except Exception as error:
            reason = self._reason(error, deadlines.current.get() or Deadline(None))
            exchange.fail(reason.removeprefix("could not be asked: "))
            raise
        if answer.body and encodings_of(response, path=answer.path, is_asked_for=is_asked_for):  # they are decoded
            headers = [pair for pair in headers if pair[0].lower() not in ("content-encoding", "content-length")]
        exchange.end(answer.body, headers)
        return answer

    def _read(self, request: Outgoing, response: BaseHTTPResponse) -> HttpResponse:
        """Read a response completely."""
        path = request.address.label
        try:
            encodings = encodings_of(response, path=path, is_asked_for=outgoing.asks_for_encoding(request.headers))
            body = read_body(response, limit=request.limit, encodings=encodings, path=path, bound=request.bound)
        except BaseException:
            response.close()
            raise
        headers = http.client.HTTPMessage()
        for name, value in response.headers.items():
            headers[name] = value
        reason = response.reason or ""
        return HttpResponse(status=response.status, reason=reason, headers=headers, body=body, path=path)

    def _send(self, request: Outgoing) -> BaseHTTPResponse:
        """Send one request; repeat it on a new connection if the upstream has just closed an idle one."""
        pool, needs_whole = self._pools.of(request.address.origin)
        while True:
            try:
                return pool.urlopen(
                    request.method,
                    request.address.url if needs_whole else request.address.target,
                    body=request.body or None,
                    headers=outgoing.encode(request.headers),
                    retries=False,
                    redirect=False,
                    assert_same_host=False,
                    preload_content=False,
                    decode_content=False,
                )
            except ProtocolError as error:
                is_stale = any(isinstance(each, StaleConnectionError) for each in _causes(error))
                if not is_stale or request.method not in _REPEATABLE:
                    raise

    def _reason(self, error: Exception, deadline: Deadline) -> str:
        """Describe the reason of a failed request, without its address."""
        if deadline.is_over:
            seconds = deadline.seconds
            return "was cancelled" if seconds is None else f"did not answer within {round(seconds, 3):g} s"
        cause = _cause(error)
        if isinstance(cause, TimeoutError):
            return f"could not be asked: no connection within {self._settings.dial_timeout:g} s"
        text = str(getattr(cause, "strerror", None) or cause) or type(cause).__name__
        return f"could not be asked: {'the proxy: ' if isinstance(error, ProxyError) else ''}{text}"


def _cause(error: BaseException) -> BaseException:
    """Return the cause of an urllib3 error."""
    *_, cause = _causes(error)
    return cause


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an urllib3 error and the errors that it wraps."""
    link: BaseException | None = error
    while link is not None:
        yield link
        inner = next((each for each in link.args if isinstance(each, BaseException)), None)
        link = inner or (link.__cause__ if isinstance(link, HTTPError) else None)
