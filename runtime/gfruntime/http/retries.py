"""Asking again: an upstream that says that it is busy is asked once more, later, as long as the caller waits.

Only an answer is a reason, 429 or 503: what gave none may have been done. A rest is the time that the upstream names
(RFC 9110, section 10.2.3), else twice the one before; both are a random part longer or shorter, so that many who were
refused together don't come back together.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
import random
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

from gfruntime.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from gfruntime.http.deadlines import Deadline
    from gfruntime.http.response import HttpResponse

_BUSY = {429, 503}
_FIRST = 0.5  # seconds of the first rest that no upstream has named
_JITTER = 0.1  # of a rest that an upstream has named, at most
_STEP = 0.05  # seconds after which a rest looks whether anybody still waits

_retries = metrics.Family(
    "counter", "gfruntime_http_retries_total", "Requests to upstreams that were sent again.", "code"
)
_defers: contextvars.ContextVar[bool] = contextvars.ContextVar("gfruntime_defers_retries", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often an upstream that answers 429 or 503 is asked again: after the time that it names, else after rests.

    No rest goes beyond the deadline of the request or of the call: then the answer is the one that is there.

    >>> client = HttpClient.of(settings, retries=Retries(attempts=4, longest_wait=20))
    """

    attempts: int = 3
    """How often a request is sent, at most."""

    longest_wait: float = 10.0
    """The longest rest, in seconds; an upstream that names a longer time (`Retry-After`) is not asked again."""

    methods: Collection[str] = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
    """The methods that may be sent again: by default those that do the same when they arrive twice."""

    def __post_init__(self) -> None:
        """Refuse what sends nothing.

        Raises: ValueError naming the value.
        """
        if self.attempts < 1:
            raise ValueError(f"Retries(attempts={self.attempts!r}): it is above 0")
        if not self.longest_wait >= 0:
            raise ValueError(f"Retries(longest_wait={self.longest_wait!r}): it is a number of seconds, 0 or more")


class RestError(Exception):
    """The request is to be sent again after some seconds: for callers that do not wait in a thread."""

    def __init__(self, seconds: float, resume: Callable[[], HttpResponse]) -> None:
        """Keep what to do then."""
        super().__init__(seconds)
        self.seconds, self.resume = seconds, resume


def send_with_retries(
    retries: Retries | None, method: str, deadline: Deadline, send: Callable[[], HttpResponse], *, attempt: int = 1
) -> HttpResponse:
    """Send a request, and again as long as the upstream is busy and the deadline far.

    Raises: what `send` does; RestError inside of `deferring`.
    """
    answer = send()
    while retries is not None:
        rest = rest_after(answer, retries, method, attempt=attempt)
        if rest is None or not _has_time(deadline, rest):
            break
        _retries.add(str(answer.status))
        attempt += 1
        if _defers.get():
            raise RestError(rest, partial(send_with_retries, retries, method, deadline, send, attempt=attempt))
        if not _wait(deadline, rest):
            break
        answer = send()
    return answer


@contextlib.contextmanager
def deferring() -> Iterator[None]:
    """Let `send_with_retries` raise RestError for rests, in this context and those copied from it."""
    token = _defers.set(True)
    try:
        yield
    finally:
        _defers.reset(token)


def rest_after(answer: HttpResponse, retries: Retries, method: str, *, attempt: int) -> float | None:
    """Return the seconds to wait after an attempt, of which the first is 1; None when its answer is the last."""
    if attempt >= retries.attempts or answer.status not in _BUSY or method.upper() not in retries.methods:
        return None
    named = _seconds(answer.headers.get("Retry-After", ""))
    if named is None:
        longest = _FIRST * 2 ** (attempt - 1)
        return min(random.uniform(longest / 2, longest), retries.longest_wait)  # noqa: S311  # no secret
    if named > retries.longest_wait:
        return None
    return min(named + random.uniform(0, max(named, 1) * _JITTER), retries.longest_wait)  # noqa: S311


def _seconds(text: str) -> float | None:
    """Read `Retry-After`: seconds, or a date; None when it is neither."""
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _has_time(deadline: Deadline, seconds: float) -> bool:
    try:
        left = deadline.left()
    except TimeoutError:
        return False
    return left is None or seconds < left


def _wait(deadline: Deadline, seconds: float) -> bool:
    """Rest; return whether somebody still waits at its end."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if deadline.is_over:
            return False
        time.sleep(min(left, _STEP))
    return not deadline.is_over
