"""One exchange with an upstream: send, follow redirects, read, and say in one sentence what went wrong.

Each request of it, redirects and failures too, is added to the traffic of a call that has it captured.
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

    from gfruntime.http.addresses import Address, Addresses
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

        Raises: DownstreamError for whatever goes wrong on the way; no secret of the request is in its text.
        """
        token = deadlines.current.set(deadline)
        try:
            answer = self._follow(sent)
        except DownstreamError as error:
            error.args = (one_line(str(error), secrets=outgoing.secrets(sent.headers)),)
            raise
        except _FAILURES as error:
            reason = one_line(self._reason(error, deadline), secrets=outgoing.secrets(sent.headers))
            is_late = deadline.is_over or isinstance(_cause(error), TimeoutError)
            raise DownstreamError(f"{sent.address.shown} {reason}", status=504 if is_late else 502) from error
        finally:
            deadlines.current.reset(token)
        if answer.status < _FAILED:
            return answer if answer.path == sent.address.shown else replace(answer, path=sent.address.shown)
        secrets = outgoing.secrets(sent.headers)
        explanation, reason = one_line(explain(answer.body), secrets=secrets), one_line(answer.reason, secrets=secrets)
        return replace(answer, path=sent.address.shown, reason=reason, explanation=explanation)

    def _follow(self, sent: Outgoing) -> HttpResponse:
        """Send, and go where the answers point; another origin gets nothing of the data source's."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._once(sent)
            if answer.status not in _REDIRECTS:
                return answer
            sent = replace(sent, address=self._addresses.redirect(sent.address, answer.headers.get("Location", "")))
            if answer.status not in _KEEP_METHOD and sent.method not in ("GET", "HEAD"):
                sent = replace(sent, method="GET", body=b"", headers=outgoing.without_body(sent.headers))
            if sent.address.is_foreign and sent.body:
                raise DownstreamError(f"{answer.path} redirects the request's body to another host")
            sent = sent.with_headers(sent.headers, self._settings)
        raise DownstreamError(f"the upstream redirects more than {_MOST_REDIRECTS} times")

    def _once(self, sent: Outgoing) -> HttpResponse:
        """Send one request, and read its answer whole."""
        traffic = capture.traffic.get()
        if traffic is None:
            return self._read(sent, self._send(sent))
        return self._capture(sent, traffic)

    def _capture(self, sent: Outgoing, traffic: Traffic) -> HttpResponse:
        """Do the same, and add it to the traffic of the call; headers are those above the transport, as in Go."""
        is_asked_for = outgoing.asks_for_encoding(sent.headers)
        headers = [pair for pair in sent.headers.items() if is_asked_for or pair[0].lower() != "accept-encoding"]
        exchange = traffic.begin(sent.method, sent.address.url, headers, sent.body)
        try:
            response = self._send(sent)
            headers = [
                (name, value.encode("latin-1").decode(errors="replace")) for name, value in response.headers.items()
            ]
            exchange.answer(response.status, response.reason or "", f"HTTP/{response.version / 10:.1f}", headers)
            answer = self._read(sent, response)
        except Exception as error:
            reason = self._reason(error, deadlines.current.get() or Deadline(None))
            exchange.fail(reason.removeprefix("could not be asked: "))
            raise
        if answer.body and encodings_of(response, shown=answer.path, is_asked_for=is_asked_for):  # they are undone
            headers = [pair for pair in headers if pair[0].lower() not in ("content-encoding", "content-length")]
        exchange.end(answer.body, headers)
        return answer

    def _read(self, sent: Outgoing, response: BaseHTTPResponse) -> HttpResponse:
        """Read an answer whole."""
        shown = sent.address.shown
        try:
            encodings = encodings_of(response, shown=shown, is_asked_for=outgoing.asks_for_encoding(sent.headers))
            body = read_body(response, limit=sent.limit, encodings=encodings, shown=shown, bound=sent.bound)
        except BaseException:
            response.close()
            raise
        headers = http.client.HTTPMessage()
        for name, value in response.headers.items():
            headers[name] = value
        reason = response.reason or ""
        return HttpResponse(status=response.status, reason=reason, headers=headers, body=body, path=shown)

    def _send(self, sent: Outgoing) -> BaseHTTPResponse:
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
            except ProtocolError as error:
                is_stale = any(isinstance(each, StaleConnectionError) for each in _causes(error))
                if not is_stale or sent.method not in _REPEATABLE:
                    raise

    def _reason(self, error: Exception, deadline: Deadline) -> str:
        """Say why an upstream could not be asked, without its address."""
        if deadline.is_over:
            seconds = deadline.seconds
            return "was given up" if seconds is None else f"did not answer within {round(seconds, 3):g} s"
        cause = _cause(error)
        if isinstance(cause, TimeoutError):
            return f"could not be asked: no connection within {self._settings.dial_timeout:g} s"
        text = str(getattr(cause, "strerror", None) or cause) or type(cause).__name__
        return f"could not be asked: {'the proxy: ' if isinstance(error, ProxyError) else ''}{text}"


def _cause(error: BaseException) -> BaseException:
    """Return what is behind an error of urllib3's."""
    *_, cause = _causes(error)
    return cause


def _causes(error: BaseException) -> Iterator[BaseException]:
    """List an error of urllib3's and those that it wraps."""
    link: BaseException | None = error
    while link is not None:
        yield link
        inner = next((each for each in link.args if isinstance(each, BaseException)), None)
        link = inner or (link.__cause__ if isinstance(link, HTTPError) else None)
