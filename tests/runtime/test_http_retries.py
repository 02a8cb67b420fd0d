"""Retries: after the time that the upstream names, within the deadline, and only of requests that may arrive twice."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time
from email.utils import format_datetime
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any

import pytest
from protectedsources import until
from upstreams import settings

from gfruntime import AsyncHttpClient, HttpClient, HttpResponse, HttpSettings, Retries
from gfruntime.http import async_client, retries
from gfruntime.http.deadlines import Deadline
from gfruntime.request.incoming import Incoming, enter
from gfruntime.serving.threads import ThreadPool
from gfruntime.telemetry import metrics
from gfruntime.testing.fakes import Answer, Upstream

if TYPE_CHECKING:
    from gfruntime.testing.fakes import ReceivedRequest

pytestmark = pytest.mark.usefixtures("without_proxies")
NOW = Retries(longest_wait=0.05)


class Busy(Upstream):
    """Returns these answers, one for each request, and repeats the last one."""

    def __init__(self, *answers: Answer) -> None:
        """Keep the answers in their order."""
        self._series = list(answers)
        super().__init__()

    def respond(self, target: str, asked: ReceivedRequest) -> Answer:
        """Return the next answer."""
        del target, asked
        return self._series.pop(0) if len(self._series) > 1 else self._series[0]


def busy(status: int = 503, after: object = None) -> Answer:
    """Make an answer of a busy upstream."""
    return Answer(status=status, headers={} if after is None else {"Retry-After": str(after)})


def ask(upstream: Upstream, policy: Retries | None, method: str = "GET", **options: Any) -> HttpResponse:
    """Send a request with the client of `def` handlers."""
    return HttpClient(HttpSettings(url=upstream.url), retries=policy).request(method, "x", **options)


def ask_async(upstream: Upstream, policy: Retries | None, method: str = "GET", **options: Any) -> HttpResponse:
    """Send a request with the client of `async def` handlers."""
    client = AsyncHttpClient.of(settings(url=upstream.url), retries=policy)
    return asyncio.run(client.request(method, "x", **options))


each_client = pytest.mark.parametrize("client", [ask, ask_async])


def response(status: int = 503, after: str | None = None) -> HttpResponse:
    """Make a response."""
    headers = HTTPMessage()
    if after is not None:
        headers["Retry-After"] = after
    return HttpResponse(status=status, reason="", headers=headers, body=b"")


@each_client
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_upstream_is_asked_again(client: Any, status: int) -> None:
    """Requests are repeated until the upstream answers; each retry is counted."""
    counter = f'gfruntime_http_retries_total{{code="{status}"}} '
    before = retry_count(counter)
    with Busy(busy(status, 0), busy(status), Answer(body=b"well")) as upstream:
        answer = client(upstream, NOW)

        assert (answer.status, answer.body, len(upstream.requests)) == (200, b"well", 3)
        assert retry_count(counter) - before == 2


def retry_count(counter: str) -> float:
    """Read the counter of retries."""
    lines = metrics.text().decode().splitlines()
    return next((float(line.removeprefix(counter)) for line in lines if line.startswith(counter)), 0)


@each_client
@pytest.mark.parametrize(
    ("policy", "method", "first", "count"),
    [
        (None, "GET", busy(after=0), 1),
        (Retries(attempts=1), "GET", busy(after=0), 1),
        (Retries(attempts=2, longest_wait=0.05), "GET", busy(after=0), 2),
        (NOW, "POST", busy(after=0), 1),
        (Retries(longest_wait=0.05, methods=["POST"]), "POST", busy(after=0), 3),
        (NOW, "delete", busy(after=0), 3),
        (NOW, "GET", busy(after=2), 1),
        (NOW, "GET", busy(500, after=0), 1),
        (NOW, "GET", busy(404), 1),
    ],
)
def test_the_policy_decides_what_is_sent_again(
    client: Any, policy: Retries | None, method: str, first: Answer, count: int
) -> None:
    """The policy has the number of retries, the methods and the longest wait; the last answer is returned."""
    with Busy(first) as upstream:
        answer = client(upstream, policy, method)

        assert (answer.status, len(upstream.requests)) == (first.status, count)


@each_client
def test_no_wait_exceeds_the_deadline(client: Any) -> None:
    """If the named time is beyond the deadline of the request or the call, the answer comes at once."""
    began = time.monotonic()
    with Busy(busy(after=5)) as upstream:
        assert client(upstream, Retries(longest_wait=60), deadline=3.0).status == 503
        enter(Incoming(endpoint="queryData", deadline=time.monotonic() + 2))
        assert client(upstream, Retries(longest_wait=60)).status == 503
        assert len(upstream.requests) == 2

    assert time.monotonic() - began < 1.5


@pytest.mark.slow
@each_client
def test_a_retry_waits_for_the_time_that_the_upstream_names(client: Any) -> None:
    """The wait is only slightly longer."""
    began = time.monotonic()
    with Busy(busy(after=1), Answer()) as upstream:
        assert client(upstream, Retries()).status == 200

    assert 1 <= time.monotonic() - began < 1.6


@pytest.mark.slow
def test_waits_hold_no_thread_of_other_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """All clients of `async def` handlers share the threads."""
    monkeypatch.setattr(async_client, "_WORKERS", ThreadPool(1))

    async def act() -> None:
        with Busy(busy(after=1), Answer()) as refusing, Busy(Answer()) as well:
            slow = AsyncHttpClient.of(settings(url=refusing.url), retries=Retries())
            quick = AsyncHttpClient.of(settings(url=well.url))
            task = asyncio.create_task(slow.get("x"))
            await until(lambda: refusing.requests)
            began = time.monotonic()
            assert (await quick.get("x")).status == 200
            assert time.monotonic() - began < 0.7
            assert (await task).status == 200

    asyncio.run(act())


@pytest.mark.slow
def test_a_cancelled_request_is_not_sent_again() -> None:
    """The wait ends with its task."""

    async def act() -> None:
        with Busy(busy(after=1), Answer()) as upstream:
            task = asyncio.create_task(AsyncHttpClient.of(settings(url=upstream.url), retries=Retries()).get("x"))
            await until(lambda: upstream.requests)
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.sleep(1.2)
            assert len(upstream.requests) == 1

    asyncio.run(act())


def test_waits_grow_and_vary() -> None:
    """Waits are half a second, one, two; each is randomly shorter, so that clients do not retry at the same time."""
    policy = Retries(attempts=9, longest_wait=1.5)
    rests = [
        [retries.retry_delay(response(), policy, "GET", attempt=attempt) for _ in range(50)] for attempt in (1, 2, 3, 8)
    ]

    for many, (low, high) in zip(rests, [(0.25, 0.5), (0.5, 1), (1, 1.5), (1.5, 1.5)], strict=True):
        assert all(rest is not None and low <= rest <= high for rest in many)
    assert len(set(rests[0])) > 40


@pytest.mark.parametrize(
    ("after", "low", "high"),
    [
        ("7", 7, 7.7),
        (" 7 ", 7, 7.7),
        ("0", 0, 0.1),
        ("10", 10, 10),
        ("11", None, None),
        ("9" * 400, None, None),
        ("soon", 0.25, 0.5),
        ("-1", 0.25, 0.5),
        ("1.5", 0.25, 0.5),
        ("٣", 0.25, 0.5),
        ("Fri, 99 Nov 9999 99:99:99 GMT", 0.25, 0.5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0, 0.1),
        ("Thu, 01 Jan 1970 00:00:00 -0000", 0, 0.1),
        ("Fri, 01 Jan 2100 00:00:00 GMT", None, None),
    ],
)
def test_the_named_time_is_seconds_or_a_date(after: str, low: float | None, high: float | None) -> None:
    """Other values are ignored; a jitter is added, within the longest wait."""
    rest = retries.retry_delay(response(after=after), Retries(), "GET", attempt=1)

    assert (rest is None) is (low is None)
    assert rest is None or low is None or high is None or low <= rest <= high


def test_a_date_is_a_time_from_now() -> None:
    """The date may be in any zone."""
    after = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=9), usegmt=False)
    rest = retries.retry_delay(response(after=after), Retries(), "GET", attempt=1)

    assert rest is not None
    assert 5 < rest <= 10


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"attempts": 0}, r"Retries\(attempts=0\): expected a number above 0"),
        ({"longest_wait": -1}, r"Retries\(longest_wait=-1\)"),
        ({"longest_wait": float("nan")}, r"longest_wait=nan"),
    ],
)
def test_invalid_policies_are_refused(wrong: dict[str, Any], sentence: str) -> None:
    """The error names the value."""
    with pytest.raises(ValueError, match=sentence):
        Retries(**wrong)


def test_a_stopped_deadline_ends_a_wait() -> None:
    """Another thread may stop the data source's client."""
    deadline = Deadline(None)
    threading.Timer(0.1, deadline.stop).start()
    began = time.monotonic()

    assert not retries._wait(deadline, 5)
    assert time.monotonic() - began < 2
