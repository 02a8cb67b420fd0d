"""Both examples, from source and built: from the handshake to a clean end, through the frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from exampleapi import TOKEN, example_api
from messages import START_MS, query, settings
from processes import ends_well
from programs import BUILT, executable

from gfplug.host import alerting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Host
    from programs import Programs

KINDS = ["source", pytest.param("built", marks=BUILT)]
MINUTE_NS = 60_000_000_000


@pytest.fixture(scope="module", params=KINDS)
def signals(request: pytest.FixtureRequest, programs: Programs) -> Path:
    """Give the default example, from source and built."""
    return executable(programs, f"signals-{request.param}")


@pytest.fixture(scope="module", params=KINDS)
def http(request: pytest.FixtureRequest, programs: Programs) -> Path:
    """Give the example that asks a JSON API, from source and built."""
    return executable(programs, f"http-{request.param}")


@pytest.fixture(scope="module")
def api(programs: Programs) -> Iterator[str]:
    """Serve the example's API on loopback; its URL."""
    with example_api(programs.project("http", example="http")) as url:
        yield url


@pytest.fixture(scope="module")
def source(api: str) -> dict[str, Any]:
    """Describe a data source that asks the API with its token."""
    return settings({}, secrets={"token": TOKEN}, url=api)


def column(answer: dict[str, Any], *, frame: int = 0, field: int = 1) -> dict[str, Any]:
    """Pick one field of an answer."""
    return answer["frames"][frame]["fields"][field]  # type: ignore[no-any-return]  # JSON


@pytest.mark.parametrize("example", ["signals", "http"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_example_lives_and_ends_cleanly(
    host: Host, programs: Programs, source: dict[str, Any], example: str, kind: str
) -> None:
    """Handshake, ping, health, a query, the one line on stdout, Kill without force, no process left."""
    plugin = host.start(executable(programs, f"{example}-{kind}"), record_stdout=True)
    configured = source if example == "http" else None
    plugin.ping()
    assert plugin.health(configured)["status"] == "OK"
    assert plugin.query(query(), settings=configured)["A"]["status"] == 200

    ends_well(plugin)
    assert plugin.state()["stdout"].count("\n") == 1


def test_signals_answers_a_wide_series(host: Host, signals: Path) -> None:
    """A time that is not nullable, float values, labels per series, and the frame type that alerting reads."""
    answer = host.start(signals).query(query(signal="sawtooth", series=2, period=600, amplitude=2))["A"]
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


def judged(answer: dict[str, Any]) -> tuple[str, list[str], int]:
    """Let a rule read an answer as Grafana does: the error, the warnings, and how many instances it has."""
    rule = alerting.condition("last > 0", model={})
    outcome = alerting.evaluate([frame["json"] for frame in answer["frames"]], rule.reduction, rule.comparison)
    return outcome.error, list(outcome.warnings), len(outcome.instances)


def test_an_alert_rule_reads_signals(host: Host, signals: Path) -> None:
    """An instance per series, without an error or a warning."""
    answer = host.start(signals).query(query(series=2), headers={"FromAlert": "true"})["A"]

    assert judged(answer) == ("", [], 2)


def test_an_alert_rule_reads_http(host: Host, http: Path, source: dict[str, Any]) -> None:
    """An instance per region, without an error or a warning."""
    answer = host.start(http).query(query(), settings=source, headers={"FromAlert": "true"})["A"]

    assert judged(answer) == ("", [], 2)


def test_http_maps_rows_to_series(host: Host, http: Path, source: dict[str, Any]) -> None:
    """One frame per region, labelled by it; the secret went along, the times are the API's."""
    answer = host.start(http).query(query(), settings=source)["A"]

    assert answer["error"] == ""
    assert [column(answer, frame=n)["labels"] for n in (0, 1)] == [{"region": "north"}, {"region": "south"}]
    assert [field["type"].removeprefix("*") for field in answer["frames"][0]["fields"]] == ["time.Time", "float64"]
    assert column(answer, field=0)["nullable"] is False
    assert all(frame["meta"]["typeVersion"] == [0, 1] for frame in answer["frames"])
    assert column(answer, field=0)["values"][0] == START_MS * 1_000_000 + MINUTE_NS * 2 // 3
    assert all(70 <= value <= 90 for value in column(answer)["values"])
