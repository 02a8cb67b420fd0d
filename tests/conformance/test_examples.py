"""Both examples, from source and built: handshake, frames, and a clean end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from exampleapi import TOKEN, example_api
from messages import START_MS, query, settings
from processes import ends_well
from programs import BUNDLE_MARKS, executable

from gfplug.host import alerting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostclient import Host
    from programs import Programs

KINDS = ["source", pytest.param("built", marks=BUNDLE_MARKS)]
MINUTE_NS = 60_000_000_000


@pytest.fixture(scope="module")
def api(programs: Programs) -> Iterator[str]:
    """Serve the example's API on loopback; its URL."""
    with example_api(programs.project("http", example="http")) as url:
        yield url


@pytest.fixture(scope="module")
def source(api: str) -> dict[str, Any]:
    """Describe a data source for the API with its token."""
    return settings({}, secrets={"token": TOKEN}, url=api)


def column(answer: dict[str, Any], *, frame: int = 0, field: int = 1) -> dict[str, Any]:
    """Return one field of an answer."""
    return answer["frames"][frame]["fields"][field]  # type: ignore[no-any-return]  # JSON


def judged(answer: dict[str, Any]) -> tuple[str, list[str], int]:
    """Let a rule read an answer as Grafana does; return the error, the warnings, and the number of instances."""
    rule = alerting.condition("last > 0", model={})
    outcome = alerting.evaluate([frame["json"] for frame in answer["frames"]], rule.reduction, rule.comparison)
    return outcome.error, list(outcome.warnings), len(outcome.instances)


@pytest.mark.parametrize("example", ["signals", "http"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_example_starts_answers_and_ends_cleanly(
    host: Host, programs: Programs, source: dict[str, Any], example: str, kind: str
) -> None:
    """The test covers handshake, ping, health, queries of a panel and an alert rule, the line on stdout, and Kill."""
    plugin = host.start(executable(programs, f"{example}-{kind}"), record_stdout=True)
    configured = source if example == "http" else None
    plugin.ping()
    assert plugin.health(configured)["status"] == "OK"
    assert plugin.query(query(), settings=configured)["A"]["status"] == 200
    answer = plugin.query(query(series=2), settings=configured, headers={"FromAlert": "true"})["A"]
    assert judged(answer) == ("", [], 2)

    ends_well(plugin)
    assert plugin.state()["stdout"].count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_signals_answers_a_wide_series(host: Host, programs: Programs, kind: str) -> None:
    """The series has a non-nullable time, float values, labels per series, and the frame type for alerting."""
    plugin = host.start(executable(programs, f"signals-{kind}"))
    answer = plugin.query(query(signal="sawtooth", series=2, period=600, amplitude=2))["A"]
    frame = answer["frames"][0]

    assert answer["status"] == 200
    assert frame["meta"]["type"] == "timeseries-wide"
    assert frame["meta"]["typeVersion"] == [0, 1]
    assert [field["name"] for field in frame["fields"]] == ["time", "value", "value"]
    assert [field["type"].removeprefix("*") for field in frame["fields"]] == ["time.Time", "float64", "float64"]
    assert column(answer, field=0)["nullable"] is False
    assert column(answer, field=1)["labels"] == {"signal": "sawtooth", "series": "1"}
    assert column(answer, field=2)["labels"] == {"signal": "sawtooth", "series": "2"}
    assert column(answer, field=0)["values"][:2] == [START_MS * 1_000_000 + MINUTE_NS * n for n in (1 / 3 * 2, 5 / 3)]


@pytest.mark.parametrize("kind", KINDS)
def test_http_maps_rows_to_series(host: Host, programs: Programs, source: dict[str, Any], kind: str) -> None:
    """The answer has a labelled frame per region, with the API's times; the request has the secret."""
    answer = host.start(executable(programs, f"http-{kind}")).query(query(), settings=source)["A"]

    assert answer["error"] == ""
    assert [column(answer, frame=n)["labels"] for n in (0, 1)] == [{"region": "north"}, {"region": "south"}]
    assert [field["type"].removeprefix("*") for field in answer["frames"][0]["fields"]] == ["time.Time", "float64"]
    assert column(answer, field=0)["nullable"] is False
    assert all(frame["meta"]["typeVersion"] == [0, 1] for frame in answer["frames"])
    assert column(answer, field=0)["values"][0] == START_MS * 1_000_000 + MINUTE_NS * 2 // 3
    assert all(70 <= value <= 90 for value in column(answer)["values"])
