"""One HTTP GET or POST with the standard library, with all safety limits.

The time (of the whole exchange, not only of each read), the size, redirects and tries are limited. The result is
complete or an error. Proxies and certificates come from the environment. Messages never contain a credential.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import threading
import time
import urllib.error
import urllib.request
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from gfplug import __version__
from gfplug.errors import FetchError, GfplugError, IntegrityError
from gfplug.sdk import trust
from gfplug.sdk.addresses import RequestTarget, redact

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger("gfplug")

PAUSE = 0.5
"""Seconds before the second try; doubled before the third."""

_TRIES = 3
_REDIRECTS = 5
_SOCKET_SECONDS = 20.0
_PIECE = 65536
_LONGEST_TEXT = 2000


class MissingError(FetchError):
    """The server does not have the file (404, 410); another source may have it."""


class RefusedError(FetchError):
    """The server refused a POST, with this status and text."""

    def __init__(self, address: str, status: int, text: str) -> None:
        """Store the server's answer."""
        super().__init__(f"{address} answered {status}: {text}")
        self.status = status
        self.text = text


class Deadline:
    """The time limit for all requests together."""

    def __init__(self, seconds: float) -> None:
        """Start the clock."""
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the remaining seconds.

        Raises: FetchError if the time is over.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise FetchError(
                f"the download took longer than {self.seconds:g} s", hint="try again, or see `--from` and `--offline`"
            )
        return seconds


class _TransientError(Exception):
    """A temporary failure; `final` is the error to raise if it persists."""

    def __init__(self, final: GfplugError, after: float | None = None) -> None:
        super().__init__()
        self.final = final
        self.after = after


def get(url: str, *, deadline: Deadline, limit: int) -> bytes:
    """Return the complete body of a URL.

    Units: `limit` is in bytes.
    Raises: MissingError for 404 and 410; IntegrityError for a body that is cut or a web page instead of data;
    FetchError for all other failures: refused, unreachable, too large, too slow.
    """
    target = RequestTarget.of(url)
    for attempt in range(_TRIES):
        try:
            return _follow(target, deadline=deadline, limit=limit)
        except _TransientError as error:
            pause = PAUSE * 2**attempt if error.after is None else error.after
            if attempt == _TRIES - 1 or pause >= deadline.remaining():
                raise error.final from error
            _log.debug("%s; trying again in %.1f s", error.final, pause)
            time.sleep(pause)
    raise AssertionError  # unreachable: the last attempt returns or raises


def post(url: str, body: bytes, *, token: str, deadline: Deadline, limit: int) -> bytes:
    """Send JSON with a bearer token, once, and only to this address; return the complete body of the response.

    Units: `limit` is in bytes.
    Raises: FetchError for an address that is neither encrypted nor on this machine, for a redirect, or if the server is
    unreachable, the response too large or too slow; RefusedError for an error status; IntegrityError as in `get`.
    """
    address = redact(url)
    target = RequestTarget(RequestTarget.of(url).url, f"Bearer {token}")
    if not target.is_private:
        raise FetchError(f"{address} is not encrypted: the token is not sent there", hint="use an https address")
    try:
        answer = _ask(target, deadline=deadline, limit=limit, body=body)
    except _TransientError as error:
        raise error.final from error
    if isinstance(answer, str):
        raise FetchError(f"{address} redirects to {redact(answer)}: the token is not sent there")
    return answer


def _follow(target: RequestTarget, *, deadline: Deadline, limit: int) -> bytes:
    for _ in range(_REDIRECTS + 1):
        answer = _ask(target, deadline=deadline, limit=limit)
        if isinstance(answer, bytes):
            return answer
        target = target.follow_redirect(answer)
    raise FetchError(f"{redact(target.url)}: more than {_REDIRECTS} redirects")


def _ask(target: RequestTarget, *, deadline: Deadline, limit: int, body: bytes | None = None) -> bytes | str:
    """Send one request, a POST if there is a body; return the response's body, or the target of a redirect."""
    address = redact(target.url)
    headers = {"Accept-Encoding": "identity", "User-Agent": f"gfplug/{__version__}"}
    if target.authorization:
        headers["Authorization"] = target.authorization
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        request = urllib.request.Request(target.url, body, headers)  # noqa: S310 - Target admits http and https only
        timeout = min(_SOCKET_SECONDS, deadline.remaining())
        with _cut_at(deadline) as sockets, _opener(target, sockets).open(request, timeout=timeout) as response:
            if body is not None and response.status >= http.client.BAD_REQUEST:
                text = response.read(_LONGEST_TEXT).decode(errors="replace").strip()
                raise RefusedError(address, response.status, text or response.reason[:60])
            return _read(response, address, deadline=deadline, limit=limit)
    except urllib.error.URLError as error:
        raise _unreachable(address, error.reason, deadline) from error
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(address, error, deadline) from error


def _read(response: http.client.HTTPResponse, address: str, *, deadline: Deadline, limit: int) -> bytes | str:
    location = response.headers.get("Location")
    if response.status in {301, 302, 303, 307, 308} and location:
        return location
    if response.status != http.client.OK:
        raise _refusal(response, address)
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise FetchError(f"{address} answered with the encoding {encoding[:20]!r}, which gfplug did not request")
    if response.headers.get_content_type() == "text/html":
        raise IntegrityError(
            f"{address} answered with a web page", hint="the address probably leads to a login page or a proxy"
        )
    body = bytearray()
    while piece := response.read1(_PIECE):
        body += piece
        deadline.remaining()
        if len(body) > limit:
            raise FetchError(f"{address} is larger than {limit} bytes")
    deadline.remaining()  # a cut connection looks like the end of the body
    promised = response.headers.get("Content-Length", "")
    if promised.isascii() and promised.isdigit() and len(body) != int(promised[:15]):
        raise _TransientError(IntegrityError(f"{address} ended after {len(body)} of {promised[:15]} bytes"))
    return bytes(body)


def _refusal(response: http.client.HTTPResponse, address: str) -> Exception:
    status, words = response.status, f"{address} answered {response.status} {response.reason[:60]}"
    if status in {404, 410}:
        return MissingError(words)
    if status in {401, 403, 407}:
        return FetchError(words, hint="the server lacks this version, or needs credentials in its address or in netrc")
    if status == http.client.TOO_MANY_REQUESTS or status >= http.client.INTERNAL_SERVER_ERROR:
        return _TransientError(FetchError(words, hint="try again later"), _seconds(response.headers.get("Retry-After")))
    return FetchError(words)


def _unreachable(address: str, reason: object, deadline: Deadline) -> Exception:
    deadline.remaining()
    if isinstance(reason, http.client.IncompleteRead):
        return _TransientError(IntegrityError(f"{address} ended after {len(reason.partial)} bytes of a chunk"))
    words = f"cannot reach {address}: {_words(reason)}"
    if isinstance(reason, trust.CertificateError):
        return FetchError(words, hint="name your organization's certificates in GFPLUG_CA_BUNDLE")
    if isinstance(reason, (socket.gaierror, http.client.InvalidURL)):
        return FetchError(words, hint="check the address and the network; https_proxy names a proxy")
    return _TransientError(FetchError(words, hint="check the network; https_proxy names a proxy"))


def _words(reason: object) -> str:
    """Return only an error text of the system: other texts may contain an address with its password."""
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__ if isinstance(reason, Exception) else "unknown reason"


def _seconds(text: str | None) -> float | None:
    """Parse a Retry-After header: seconds or a date."""
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


@contextlib.contextmanager
def _cut_at(deadline: Deadline) -> Iterator[list[socket.socket]]:
    """Collect the sockets of a request and shut them down at the deadline, because a server may send headers slowly."""
    sockets: list[socket.socket] = []

    def shut_down() -> None:
        for opened in sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # not the shutdown of TLS, which would wait

    timer = threading.Timer(deadline.remaining(), shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield sockets
    finally:
        timer.cancel()


def _opener(target: RequestTarget, sockets: list[socket.socket]) -> urllib.request.OpenerDirector:
    """Create an opener with the environment's proxies, but without redirects, files and error statuses."""

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class Encrypted(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            sockets.append(self.sock)

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class EncryptedHandler(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Encrypted, req, context=trust.context())

    opener = urllib.request.OpenerDirector()
    opener.add_handler(urllib.request.ProxyHandler({} if target.is_on_this_machine else None))
    opener.add_handler(EncryptedHandler() if target.url.startswith("https:") else PlainHandler())
    return opener
