"""Retries: if an upstream reports that it is busy, repeat the request later, as long as the caller waits.

Only an answer 429 or 503 is retried: a request without an answer may have been executed. The pause is the time that the
upstream names (RFC 9110, section 10.2.3), else twice the previous one; a random part is added, so that many refused
callers do not retry at the same time.
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
_FIRST_PAUSE = 0.5  # seconds of the first pause, if the upstream sends no Retry-After
_JITTER = 0.1  # the largest random part of a pause that the upstream names
_CHECK_SECONDS = 0.05  # seconds between two checks whether the caller still waits

_retries = metrics.MetricFamily(
    "counter", "gfruntime_http_retries_total", "Requests to upstreams that were sent again.", "code"
)
_defers: contextvars.ContextVar[bool] = contextvars.ContextVar("gfruntime_defers_retries", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """The repetition of requests that the upstream answers with 429 or 503.

    The pause is the time that the upstream names, else it grows. If the deadline of the request or the call comes
    first, the last answer is returned.

    >>> client = HttpClient.of(settings, retries=Retries(attempts=4, longest_wait=20))
    """

    attempts: int = 3
    """The largest number of times that a request is sent."""

    longest_wait: float = 10.0
    """The longest pause, in seconds; if an upstream names a longer one (`Retry-After`), the request is not repeated."""

    methods: Collection[str] = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
    """The methods that may be repeated; default: the methods that have the same effect if a request arrives twice."""

    def __post_init__(self) -> None:
        """Refuse invalid values.

        Raises: ValueError naming the value.
        """
        if self.attempts < 1:
            raise ValueError(f"Retries(attempts={self.attempts!r}): expected a number above 0")
        if not self.longest_wait >= 0:
            raise ValueError(f"Retries(longest_wait={self.longest_wait!r}): expected a number of seconds, 0 or more")


class RetryLaterError(Exception):
    """The request must be repeated after some seconds; for callers that do not wait in a thread."""

    def __init__(self, seconds: float, resume: Callable[[], HttpResponse]) -> None:
        """Store the pause, and the function that continues."""
        super().__init__(seconds)
        self.seconds, self.resume = seconds, resume


def send_with_retries(
    retries: Retries | None, method: str, deadline: Deadline, send: Callable[[], HttpResponse], *, attempt: int = 1
) -> HttpResponse:
    """Send a request, and repeat it as long as the upstream is busy and the deadline is not reached.

    Raises: the exceptions of `send`; RetryLaterError inside `raise_instead_of_waiting`.
    """
    answer = send()
    while retries is not None:
        rest = retry_delay(answer, retries, method, attempt=attempt)
        if rest is None or not _has_time(deadline, rest):
            break
        _retries.add(str(answer.status))
        attempt += 1
        if _defers.get():
            raise RetryLaterError(rest, partial(send_with_retries, retries, method, deadline, send, attempt=attempt))
        if not _wait(deadline, rest):
            break
        answer = send()
    return answer


@contextlib.contextmanager
def raise_instead_of_waiting() -> Iterator[None]:
    """Make `send_with_retries` raise RetryLaterError for pauses, in this context and copies of it."""
    token = _defers.set(True)
    try:
        yield
    finally:
        _defers.reset(token)


def retry_delay(answer: HttpResponse, retries: Retries, method: str, *, attempt: int) -> float | None:
    """Return the seconds to wait after an attempt (counted from 1); None if its answer is final."""
    if attempt >= retries.attempts or answer.status not in _BUSY or method.upper() not in retries.methods:
        return None
    retry_after = _seconds(answer.headers.get("Retry-After", ""))
    if retry_after is None:
        longest = _FIRST_PAUSE * 2 ** (attempt - 1)
        return min(random.uniform(longest / 2, longest), retries.longest_wait)  # noqa: S311  # no secret
    if retry_after > retries.longest_wait:
        return None
    return min(retry_after + random.uniform(0, max(retry_after, 1) * _JITTER), retries.longest_wait)  # noqa: S311


def _seconds(text: str) -> float | None:
    """Parse `Retry-After`: seconds, or a date; None for any other text."""
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
        seconds_left = deadline.seconds_left()
    except TimeoutError:
        return False
    return seconds_left is None or seconds < seconds_left


def _wait(deadline: Deadline, seconds: float) -> bool:
    """Wait; return whether the caller still waits."""
    end = time.monotonic() + seconds
    while (seconds_left := end - time.monotonic()) > 0:
        if deadline.is_over:
            return False
        time.sleep(min(seconds_left, _CHECK_SECONDS))
    return not deadline.is_over
