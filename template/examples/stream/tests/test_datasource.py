"""The data source without Grafana: the past, and the packets of the channel."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gfruntime import Frame, Query, QueryError, Settings, StreamRequest, TimeRange
from gfruntime.testing import packets
from plugin.datasource import CHANNEL, POINTS, Datasource, Model, Options, hertz_of

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Datasource(Settings(options=Options(), uid="ds-1"))


def ask(*, minutes: float = 10, points: int = 60, from_alert: bool = False) -> Frame:
    """Ask one query as Grafana would."""
    window = TimeRange(start=START, end=START + timedelta(minutes=minutes))
    return SOURCE.query(Query(model=Model(), time_range=window, max_data_points=points, from_alert=from_alert))


def request(**data: object) -> StreamRequest:
    """A subscription as a panel sends it."""
    return StreamRequest(path=CHANNEL, data=json.dumps(data).encode())


def test_a_panel_gets_the_past_and_the_channel() -> None:
    """It goes on from there."""
    frame = ask()

    assert len(frame) == 60
    assert frame.meta == {"channel": "ds/ds-1/sensors"}


def test_an_alert_rule_gets_numbers_alone() -> None:
    """The boiler is above 50 and the cellar below: of the rule's two alerts one fires."""
    frame = ask(from_alert=True)
    _, boiler, cellar = frame.fields

    assert frame.meta is None
    assert (boiler.labels, cellar.labels) == ({"sensor": "boiler"}, {"sensor": "cellar"})
    assert min(boiler.to_list()) > 50 > max(cellar.to_list())


@pytest.mark.parametrize(("minutes", "points"), [(1e6, 10**9), (0, 0), (-1, -1)])
def test_the_past_has_bounds(minutes: float, points: int) -> None:
    """Whatever is asked."""
    assert 1 <= len(ask(minutes=minutes, points=points)) <= POINTS


def test_a_channel_sends_packets() -> None:
    """The first one brings the schema, the others data alone."""
    sent = packets(SOURCE, request(hertz=50), count=3)

    assert [sorted(packet) for packet in sent] == [["data", "schema"], ["data"], ["data"]]


def test_only_the_one_channel_can_be_subscribed_to() -> None:
    """At a rate that it has."""
    assert SOURCE.subscribe_stream(request()).status == "ok"
    assert SOURCE.subscribe_stream(StreamRequest(path="other")).status == "not found"
    with pytest.raises(QueryError, match="hertz is from"):
        SOURCE.subscribe_stream(request(hertz=1000))


@pytest.mark.parametrize("data", [b"NaN", b"[1]", b"{", b'{"hertz": "fast"}', b'{"hertz": -1}'])
def test_a_rate_that_is_none_is_refused(data: bytes) -> None:
    """What a browser sends along may be anything."""
    with pytest.raises(QueryError, match="hertz is from"):
        hertz_of(StreamRequest(path=CHANNEL, data=data))
