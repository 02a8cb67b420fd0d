"""User code that raises any exception anywhere: its call has the error, all others are answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hostclient import Host, HostError
from messages import context, query, query_request, settings
from processes import ends_well

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Plugin

pytestmark = pytest.mark.long

MESSAGES = {
    "exception": "RuntimeError: something nobody meant",
    "system exit": "SystemExit: 7",
    "keyboard interrupt": "KeyboardInterrupt",
    "generator exit": "GeneratorExit",
    "cancelled": "CancelledError",
    "base exception": "UnlikeOthersError: through every except",
    "no text": "WithoutTextError",
    "odd": "OddError: odd",
    "stop": "StopIteration",
    "recursion": "RecursionError",
    "memory": "MemoryError",
    "circle": "RuntimeError: its own cause",
    "long text": "RuntimeError: xxx",
}
"""The exceptions to raise, and the part of each in the answer."""

raised = pytest.mark.parametrize("how", MESSAGES)


@pytest.fixture(scope="module", params=["def", "async def"])
def faulty(request: pytest.FixtureRequest, faulty_probe: Path, host_program: Path) -> Iterator[Plugin]:
    """Run the failing data source for all tests of this module, so that each runs after the others' failures."""
    with Host(host_program) as host:
        plugin = host.start(faulty_probe, env={"PROBE_ASYNC": "1"} if request.param == "async def" else {})
        yield plugin
        ends_well(plugin)


def broken(how: str, place: str) -> dict[str, Any]:
    """Describe a data source that fails in one place; its uid differs from others."""
    return settings({place: how}, uid=f"{place}-{how.replace(' ', '-')}")


def well(plugin: Plugin) -> bool:
    """Tell whether another data source answers normally."""
    return bool(plugin.query(query())["A"]["status"] == 200 and plugin.health()["status"] == "OK")


@pytest.mark.shows("protocol 57", "faults: User code raises anything")
@raised
def test_a_query_that_raises_leaves_the_others_whole(faulty: Plugin, how: str) -> None:
    """The query's ref id has an error with the exception; the other queries have their frames."""
    answers = faulty.query(query("A"), query("B", kind=how), query("C"))

    assert [answers[ref]["status"] for ref in "AC"] == [200, 200]
    assert answers["B"]["status"] >= 500
    assert MESSAGES[how] in answers["B"]["error"]
    assert not [sign for sign in ("\n", "Traceback") if sign in answers["B"]["error"]]
    assert well(faulty)


@pytest.mark.shows("protocol 62", "faults: User code raises anything")
@raised
def test_a_health_check_that_raises_is_bad_health(faulty: Plugin, how: str) -> None:
    """The exception becomes an answer, never a failed call."""
    answer = faulty.health(broken(how, "health"))

    assert answer["status"] == "ERROR"
    assert MESSAGES[how] in answer["message"]
    assert well(faulty)


@pytest.mark.shows("faults: User code raises anything")
@raised
def test_a_constructor_that_raises_concerns_its_data_source_alone(faulty: Plugin, how: str) -> None:
    """Health and each query have its exception, at the first call and at the second."""
    source = broken(how, "make")
    for _ in range(2):
        answers = faulty.query(query("A"), query("B"), settings=source)
        health = faulty.health(source)

        assert all(MESSAGES[how] in answers[ref]["error"] for ref in "AB")
        assert (health["status"], MESSAGES[how] in health["message"]) == ("ERROR", True)
    assert well(faulty)


@pytest.mark.shows("protocol 66")
@raised
def test_a_resource_that_raises_is_an_http_error(faulty: Plugin, how: str) -> None:
    """The answer has an HTTP status and JSON."""
    answer = faulty.resource(how)

    assert answer.code >= 500
    assert "Traceback" not in json.loads(answer.body)["message"]
    assert well(faulty)


@raised
def test_a_subscription_that_raises_fails_with_its_text(faulty: Plugin, how: str) -> None:
    """Only this call fails, with the reason."""
    with pytest.raises(HostError) as caught:
        faulty.ask("subscribe", request={"pluginContext": context(), "path": how})

    assert (caught.value.kind, caught.value.code) == ("rpc", "Unknown")
    assert MESSAGES[how] in caught.value.message
    assert well(faulty)


@pytest.mark.shows("protocol 70", "faults: User code raises anything")
@raised
def test_a_stream_that_raises_sends_its_error_after_its_packets(faulty: Plugin, how: str) -> None:
    """Packets before the exception arrive; Grafana reads the reason and restarts the stream."""
    ended = faulty.ask("run_stream", request={"pluginContext": context(), "path": how})

    assert ended["packets"] == ['{"n":1}']
    assert (ended["ended"], ended["error"]["code"]) == ("error", "Unknown")
    assert MESSAGES[how] in ended["error"]["message"] or (how, ended["error"]["message"]) == ("stop", "")
    assert well(faulty)


@pytest.mark.shows("protocol 56")
@raised
def test_a_chunked_query_that_raises_keeps_its_earlier_parts(faulty: Plugin, how: str) -> None:
    """The query's earlier parts arrive, then its error; another query of the same call is answered completely."""
    chunks = faulty.ask("query_chunked", request=query_request(query("A", kind=how), query("B")))["chunks"]
    errors = {chunk["ref_id"]: chunk["error"] for chunk in chunks if chunk["error"]}

    assert sorted(chunk["ref_id"] for chunk in chunks if not chunk["error"]) == ["A", "B"]
    assert list(errors) == ["A"]
    assert MESSAGES[how] in errors["A"]
    assert well(faulty)


@raised
def test_an_instance_whose_dispose_raises_is_replaced(faulty: Plugin, how: str) -> None:
    """Only the log has the exception; the next instance answers."""
    for version in range(2):
        source = {**broken(how, "dispose"), "lastUpdatedMS": 1 + version}
        assert faulty.query(query(), settings=source)["A"]["status"] == 200
    assert well(faulty)


def test_a_streamed_body_that_raises_fails_only_its_own_call(faulty: Plugin) -> None:
    """A later status is not possible, so the call fails; the next call succeeds."""
    with pytest.raises(HostError, match="UnlikeOthersError: too late"):
        faulty.resource("late")

    assert well(faulty)
