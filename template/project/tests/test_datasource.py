"""Test the data source without Grafana: make one, run a query, check the frame."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gfruntime import Frame, Query, Request, Settings, TimeRange
from gfruntime.testing import call
from plugin.datasource import POINTS, Datasource, Model, Options, Signal

START = datetime(2026, 1, 1, tzinfo=UTC)


def ask(model: Model, *, start: datetime = START, minutes: float = 10, points: int = 61, seed: int = 0) -> Frame:
    """Run one query as Grafana does."""
    window = TimeRange(start=start, end=start + timedelta(minutes=minutes))
    query = Query(model=model, time_range=window, max_data_points=points, interval=timedelta(seconds=10))
    return Datasource(Settings(options=Options(seed=seed))).query(query)


def test_a_sine_wave_has_the_expected_values() -> None:
    """Ten minutes of a sine with a period of ten minutes: zero, maximum, zero, minimum, zero."""
    frame = ask(Model(signal="sine", period=600, amplitude=2))

    values = frame["value"].to_list()

    assert [values[index] for index in (0, 15, 30, 45, 60)] == pytest.approx([0, 2, 0, -2, 0], abs=1e-9)
    assert frame["time"].to_list()[:2] == [START, START + timedelta(seconds=10)]


def test_one_of_two_square_waves_is_always_above_zero() -> None:
    """Series are spread over the period, and have different labels: the alert rule relies on both."""
    _, first, second = ask(Model(signal="square", series=2)).fields

    assert first.labels == {"signal": "square", "series": "1"}
    assert second.labels == {"signal": "square", "series": "2"}
    assert {one + other for one, other in zip(first.to_list(), second.to_list(), strict=True)} == {0.0}


@pytest.mark.parametrize("signal", ["sine", "sawtooth", "square", "noise"])
def test_the_value_at_a_time_does_not_depend_on_the_range(signal: Signal) -> None:
    """When a panel scrolls, the values stay the same."""
    model = Model(signal=signal, period=97)
    early, late = ask(model), ask(model, start=START + timedelta(minutes=5))

    before = dict(zip(early["time"].to_list(), early["value"].to_list(), strict=True))
    after = dict(zip(late["time"].to_list(), late["value"].to_list(), strict=True))

    assert len(before.keys() & after.keys()) == 31
    assert all(before[time] == after[time] for time in before.keys() & after.keys())
    assert all(-1 <= value <= 1 for value in before.values())


def test_a_range_without_a_tick_returns_empty_columns() -> None:
    """There are no rows, but the columns have their usual types, so an alert rule reads "no data"."""
    frame = ask(Model(), start=START + timedelta(seconds=1), minutes=0.05)

    assert [(field.type, len(field)) for field in frame.fields] == [("time", 0), ("float64", 0)]


def test_the_noise_depends_on_the_seed() -> None:
    """The same seed gives the same noise, another seed another."""
    noise = Model(signal="noise")

    assert ask(noise, seed=1) == ask(noise, seed=1)
    assert ask(noise, seed=1) != ask(noise, seed=2)


def test_a_series_has_no_more_points_than_the_panel_can_show() -> None:
    """A longer range has longer steps."""
    assert len(ask(Model(), minutes=24 * 60, points=100)) <= 101


def test_a_series_never_has_more_points_than_the_limit() -> None:
    """Even for each millisecond of a century."""
    assert len(ask(Model(), minutes=100 * 365 * 24 * 60, points=2**62)) <= POINTS + 1


def test_the_resource_lists_the_signals() -> None:
    """The route returns JSON, another method 405, any other path 404."""
    datasource = Datasource(Settings(options=Options()))

    response = call(datasource, Request(path="signals"))

    assert json.loads(response.read()) == ["sine", "sawtooth", "square", "noise"]
    assert call(datasource, Request(path="signals", method="DELETE")).headers["Allow"] == "GET, HEAD"
    assert call(datasource, Request(path="nothing")).status == 404


def test_save_and_test_succeeds() -> None:
    """The data source needs no other system."""
    assert Datasource(Settings(options=Options())).check_health().status == "ok"
