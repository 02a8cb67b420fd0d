"""One exchange with an upstream: send, follow redirects, read, and say in one sentence what went wrong."""

from __future__ import annotations

import http.client
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import urllib3

from gfruntime.errors import DownstreamError
from gfruntime.http import bodies, deadlines, outgoing
from gfruntime.http.pools import Pools, StaleConnectionError
from gfruntime.http.response import HttpResponse, explain, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gfruntime.http.addresses import Address, Addresses
    from gfruntime.http.deadlines import Deadline
    from gfruntime.http.settings import HttpSettings

_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_METHOD = {307, 308}
_MOST_REDIRECTS = 10
_REPEATABLE = {"GET", "HEAD", "OPTIONS"}
_FAILED = 400
_FAILURES = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One request; `limit` bounds its answer, and `bound` says what the limit is."""

    method: str
    address: Address
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    limit: int
    bound: str

    def with_headers(self, headers: Mapping[str, str], settings: HttpSettings) -> Outgoing:
        """Take headers on, as far as they may go where the request goes."""
        return replace(self, headers=outgoing.public(headers, settings) if self.address.is_foreign else headers)


class Exchanges:
    """The exchanges of one client, with its connections."""

    def __init__(self, settings: HttpSettings, addresses: Addresses) -> None:
        """Prepare TLS; nothing is connected yet."""
        self._settings = settings
        self._addresses = addresses
        self._pools = Pools(settings)

    def close(self) -> None:
        """Close the connections that wait for a next request."""
        self._pools.close()

    def run(self, sent: Outgoing, deadline: Deadline) -> HttpResponse:
        """Send a request and read the answer.

        Raises: DownstreamError for whatever goes wrong on the way.
        """
        shown = sent.address.shown
        token = deadlines.current.set(deadline)
        try:
            return replace(self._follow(sent, outgoing.secrets(sent.headers)), path=shown)
        except _FAILURES as error:
            if deadline.is_over:
                raise DownstreamError(f"{shown} did not answer within {deadline.seconds:g} s", status=504) from error
            *_, cause = _causes(error)
            status = 504 if isinstance(cause, TimeoutError) else 502
            raise DownstreamError(f"{shown} could not be asked: {self._reason(error, cause)}", status=status) from error
        finally:
            deadlines.current.reset(token)

    def _follow(self, sent: Outgoing, secrets: set[str]) -> HttpResponse:
        """Send, and go where the answers point; another origin gets nothing of the data source's."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._once(sent, secrets)
            if answer.status not in _REDIRECTS:
                return answer
            sent = replace(sent, address=self._addresses.redirect(sent.address, answer.headers.get("Location", "")))
            if answer.status not in _KEEP_METHOD and sent.method not in ("GET", "HEAD"):
                sent = replace(sent, method="GET", body=b"", headers=outgoing.without_body(sent.headers))
            if sent.address.is_foreign and sent.body:
                raise DownstreamError(f"{answer.path} redirects the request's body to another host")
            sent = sent.with_headers(sent.headers, self._settings)
        raise DownstreamError(f"the upstream redirects more than {_MOST_REDIRECTS} times")

    def _once(self, sent: Outgoing, secrets: set[str]) -> HttpResponse:
        """Send one request, and read its answer whole."""
        response = self._send(sent)
        shown = sent.address.shown
        try:
            encodings = bodies.encodings_of(
                response, shown=shown, is_asked_for=outgoing.asks_for_encoding(sent.headers)
            )
            body = bodies.read(response, limit=sent.limit, encodings=encodings, shown=shown, bound=sent.bound)
        except BaseException:
            response.close()
            raise
        headers = http.client.HTTPMessage()
        for name, value in response.headers.items():
            headers[name] = value
        return HttpResponse(
            status=response.status,
            reason=response.reason or "",
            headers=headers,
            body=body,
            path=shown,
            explanation=explain(body, secrets=secrets) if response.status >= _FAILED else "",
        )

    def _send(self, sent: Outgoing) -> urllib3.BaseHTTPResponse:
        """Send one request; a kept connection that the upstream has just closed is replaced."""
        pool, needs_whole = self._pools.of(sent.address.origin)
        while True:
            try:
                return pool.urlopen(
                    sent.method,
                    sent.address.url if needs_whole else sent.address.target,
                    body=sent.body or None,
                    headers=outgoing.encode(sent.headers),
                    retries=False,
                    redirect=False,
                    assert_same_host=False,
                    preload_content=False,
                    decode_content=False,
                )
            except urllib3.exceptions.ProtocolError as error:
                is_stale = any(isinstance(cause, StaleConnectionError) for cause in _causes(error))
                if not is_stale or sent.method not in _REPEATABLE:
                    raise

    def _reason(self, error: Exception, cause: BaseException) -> str:
        """Say why an upstream could not be asked, without its address."""
        if isinstance(cause, TimeoutError):
            return f"no connection within {self._settings.dial_timeout:g} s"
        text = one_line(str(getattr(cause, "strerror", None) or cause) or type(cause).__name__)
        return f"the proxy: {text}" if isinstance(error, urllib3.exceptions.ProxyError) else text


def _causes(error: BaseException) -> Iterator[BaseException]:
    """List an error of urllib3's and those that it wraps."""
    link: BaseException | None = error
    while link is not None:
        yield link
        inner = next((each for each in link.args if isinstance(each, BaseException)), None)
        link = inner or (link.__cause__ if isinstance(link, urllib3.exceptions.HTTPError) else None)
