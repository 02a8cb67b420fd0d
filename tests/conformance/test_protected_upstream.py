"""An upstream behind a plugin that protects it, with the genuine host: its requests during very many queries."""

from __future__ import annotations

import base64
import threading
import time
from typing import TYPE_CHECKING

import pytest
from google.protobuf import json_format, message_factory
from hostclient import HostError
from messages import context, query, query_request, settings
from processes import ends_well, eventually
from prometheus_client.parser import text_string_to_metric_families

from gfplug import sdk
from gfplug.host.messages import protocol
from gfruntime.testing.fakes import Answer, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hostclient import Host, Plugin
    from programs import Programs

    from gfruntime.testing.fakes import ReceivedRequest

MANY = 64
PATH = "/pluginv2.Data/QueryData"
KINDS = pytest.mark.parametrize("environment", [{}, {"PROBE_ASYNC": "1"}], ids=["def", "async def"])


class Slow(Upstream):
    """A slow upstream that counts its concurrent requests."""

    def __init__(self, seconds: float) -> None:
        """Answer each request after this many seconds."""
        super().__init__()
        self._seconds, self._lock = seconds, threading.Lock()
        self.running = self.most = 0

    def respond(self, target: str, asked: ReceivedRequest) -> Answer:
        """Answer with three values."""
        del target, asked
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)
        time.sleep(self._seconds)
        with self._lock:
            self.running -= 1
        return Answer(body=b"[1.5, 2.5, 3.5]")


@pytest.fixture
def slow(request: pytest.FixtureRequest) -> Iterator[Slow]:
    """Run an upstream that takes a fifth of a second, unless its test says otherwise."""
    with Slow(getattr(request, "param", 0.2)) as upstream:
        yield upstream


@pytest.fixture(scope="session")
def protected(programs: Programs) -> Path:
    """Return a plugin that protects its upstream."""
    return programs.probe("protected")


def message(upstream: Slow, number: int = 0) -> str:
    """Write a request as the host sends it, in base64."""
    values = query_request(query(number=number), settings=settings(url=upstream.url))
    kind = protocol(sdk.fetch(sdk.default(), offline=True).text).method("Data", "QueryData").input_type
    request = json_format.ParseDict(values, message_factory.GetMessageClass(kind)())
    return base64.b64encode(request.SerializeToString()).decode()


def ask_all(plugin: Plugin, messages: list[str]) -> list[str]:
    """Send all at once, and return the bytes of the answers, in base64."""
    pending = [plugin.send("raw", method=PATH, message=each, limit=1) for each in messages]
    return [each.result()["answers"][0] for each in pending]


def measured(plugin: Plugin) -> Mapping[str, float]:
    """Read the metrics of the protection."""
    text = plugin.ask("collect_metrics", request={})["prometheus"]
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {
        sample.name.removeprefix("gfruntime_") + "".join(sample.labels.values()): sample.value
        for sample in samples
        if sample.name.startswith("gfruntime_")
    }


@KINDS
def test_equal_queries_reach_the_upstream_once(
    host: Host, protected: Path, slow: Slow, environment: dict[str, str]
) -> None:
    """Sixty-four at once, and sixty-four more after the answer, get the same bytes."""
    plugin = host.start(protected, env=environment)
    plugin.health(settings(url=slow.url))
    answers = ask_all(plugin, [message(slow)] * MANY)
    answers += ask_all(plugin, [message(slow)] * MANY)

    assert len(slow.requests) == 1
    assert len(set(answers)) == 1
    (frame,) = plugin.query(query(), settings=settings(url=slow.url))["A"]["frames"]
    assert frame["fields"][1]["values"] == [1.5, 2.5, 3.5]
    miss, shared, hit = (measured(plugin)[f"query_cache_total{result}"] for result in ("miss", "shared", "hit"))
    assert (miss, shared + hit) == (1, 2 * MANY)
    assert shared > 0
    assert hit > MANY
    ends_well(plugin)


@KINDS
def test_a_storm_stays_within_the_limit(host: Host, protected: Path, slow: Slow, environment: dict[str, str]) -> None:
    """Of sixty-four different queries to a slow upstream four run at once; all are answered, and health is, too."""
    plugin = host.start(protected, env=environment)
    plugin.health(settings(url=slow.url))
    messages = [message(slow, number) for number in range(MANY)]
    pending = [plugin.send("raw", method=PATH, message=each, limit=1) for each in messages]
    time.sleep(0.3)
    began = time.monotonic()
    assert plugin.health(settings(url=slow.url))["status"] == "OK"
    assert time.monotonic() - began < 1
    assert measured(plugin)["upstream_waiting"] > MANY / 2
    answers = [each.result()["answers"][0] for each in pending]

    assert (slow.most, len(slow.requests), len(set(answers))) == (4, MANY, MANY)
    ends_well(plugin)


def test_a_storm_that_is_cancelled_stays_within_the_limit(host: Host, protected: Path, slow: Slow) -> None:
    """The host cancels long before the upstream answers; a running request still counts."""
    plugin = host.start(protected)
    plugin.health(settings(url=slow.url))
    failures: list[BaseException | None] = []
    for start in range(0, 60, 12):
        pending = [
            plugin.send("raw", method=PATH, message=message(slow, number), limit=1)
            for number in range(start, start + 12)
        ]
        time.sleep(0.05)
        for each in pending:
            host.ask("cancel", id=each.number)
        failures += [each.answer.exception(30) for each in pending]
    assert plugin.query(query(number=99), settings=settings(url=slow.url))["A"]["status"] == 200

    assert sum(failure is not None for failure in failures) > 40
    assert slow.most == 4
    ends_well(plugin)


@KINDS
@pytest.mark.parametrize("slow", [0.5], indirect=True)  # at most eight requests in a second, on any machine
def test_a_query_in_the_line_waits_no_longer_than_the_host(
    host: Host, protected: Path, slow: Slow, environment: dict[str, str]
) -> None:
    """At its deadline a query leaves the queue without a request; the next one starts at once."""
    plugin = host.start(protected, env=environment)
    plugin.health(settings(url=slow.url))
    messages = [message(slow, number) for number in range(MANY)]  # building the messages takes seconds
    pending = [plugin.send("raw", method=PATH, message=each, limit=1, timeout_s=1) for each in messages]
    failures = [each.answer.exception(30) for each in pending]
    assert any(isinstance(failure, HostError) and failure.code == "DeadlineExceeded" for failure in failures)
    eventually(lambda: measured(plugin)["upstream_waiting"] == 0)  # the plugin has its own clock
    request_count = len(slow.requests)
    assert request_count < MANY / 2
    assert plugin.query(query(number=99), settings=settings(url=slow.url))["A"]["status"] == 200
    assert len(slow.requests) == request_count + 1
    assert measured(plugin)["upstream_waiting"] == measured(plugin)["upstream_running"] == 0
    ends_well(plugin)


def test_no_user_gets_the_answer_of_another(host: Host, protected: Path, slow: Slow) -> None:
    """The same query is sent again for each user, and for each login token."""
    plugin = host.start(protected)
    source = settings(url=slow.url)
    base_request = query_request(query(), settings=source)
    others = [
        base_request | {"pluginContext": context(source, user={"login": "bob"})},
        base_request | {"pluginContext": context(source, user=None)},
        base_request | {"headers": {"Authorization": "Bearer one"}},
        base_request | {"headers": {"Authorization": "Bearer two"}},
        base_request | {"pluginContext": context({**source, "decryptedSecureJsonData": {"token": "other"}})},
        base_request | {"pluginContext": context(source, orgId=2)},
    ]
    for number, request in enumerate([base_request, *others], start=1):
        for _ in range(2):
            plugin.ask("query", request=request)
        assert len(slow.requests) == number
    ends_well(plugin)


def test_each_worker_has_its_own_cache(host: Host, programs: Programs, slow: Slow) -> None:
    """Two workers send at most two requests."""
    plugin = host.start(programs.probe("protected-workers"))
    plugin.health(settings(url=slow.url))
    answers = ask_all(plugin, [message(slow)] * MANY)

    assert len(slow.requests) <= 2
    assert len(set(answers)) == 1
    ends_well(plugin)
