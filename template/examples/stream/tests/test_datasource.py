"""Test the data source without Grafana: its queries, and the packets of its channel."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gfruntime import Frame, Query, QueryError, Settings, StreamRequest, TimeRange
from gfruntime.testing import packets
from plugin.datasource import CHANNEL, POINTS, Datasource, Model, Options, hertz_of

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Datasource(Settings(options=Options(), uid="ds-1"))


def ask(*, minutes: float = 10, points: int = 60, from_alert: bool = False) -> Frame:
    """Run one query as Grafana does."""
    window = TimeRange(start=START, end=START + timedelta(minutes=minutes))
    return SOURCE.query(Query(model=Model(), time_range=window, max_data_points=points, from_alert=from_alert))


def request(**data: object) -> StreamRequest:
    """Make a panel's subscription."""
    return StreamRequest(path=CHANNEL, data=json.dumps(data).encode())


def test_a_panel_gets_the_values_and_the_channel() -> None:
    """It subscribes to the channel for the next values."""
    frame = ask()

    assert len(frame) == 60
    assert frame.meta == {"channel": "ds/ds-1/sensors"}


def test_an_alert_rule_gets_no_channel() -> None:
    """The boiler is above 50 and the cellar below, so one of the rule's two alerts fires."""
    frame = ask(from_alert=True)
    _, boiler, cellar = frame.fields

    assert frame.meta is None
    assert (boiler.labels, cellar.labels) == ({"sensor": "boiler"}, {"sensor": "cellar"})
    assert min(boiler.to_list()) > 50 > max(cellar.to_list())


@pytest.mark.parametrize(("minutes", "points"), [(1e6, 10**9), (0, 0), (-1, -1)])
def test_a_query_never_returns_more_points_than_the_limit(minutes: float, points: int) -> None:
    """Even for huge or negative numbers."""
    assert 1 <= len(ask(minutes=minutes, points=points)) <= POINTS


def test_a_channel_sends_packets() -> None:
    """The first packet has the schema, the others only data."""
    messages = packets(SOURCE, request(hertz=50), count=3)

    assert [sorted(packet) for packet in messages] == [["data", "schema"], ["data"], ["data"]]


def test_subscriptions_to_other_channels_are_refused() -> None:
    """So are invalid rates."""
    assert SOURCE.subscribe_stream(request()).status == "ok"
    assert SOURCE.subscribe_stream(StreamRequest(path="other")).status == "not found"
    with pytest.raises(QueryError, match="hertz must be a number from"):
        SOURCE.subscribe_stream(request(hertz=1000))


@pytest.mark.parametrize("data", [b"NaN", b"[1]", b"{", b'{"hertz": "fast"}', b'{"hertz": -1}'])
def test_an_invalid_rate_is_refused(data: bytes) -> None:
    """A browser may send any data."""
    with pytest.raises(QueryError, match="hertz must be a number from"):
        hertz_of(StreamRequest(path=CHANNEL, data=data))
