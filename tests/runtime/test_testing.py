"""The helpers for the author's own tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from gfruntime import Frame, Query, Settings
from gfruntime.testing import START, ask, query, settings


class Sync:
    """Answers at once."""

    def __init__(self, given: Settings[str]) -> None:
        """Keep the settings."""
        self.given = given

    def query(self, asked: Query[int]) -> Frame:
        return Frame.of(time=[asked.time_range.start], v=[asked.model])


class Async(Sync):
    """Answers from a loop."""

    async def query(self, asked: Query[int]) -> Any:  # type: ignore[override]  # async
        return [super().query(asked)]


@pytest.mark.parametrize("kind", [Sync, Async])
def test_ask_gives_what_grafana_would_decode(kind: type[Sync]) -> None:
    """Frames come back encoded and decoded, with ref id and type."""
    (frame,) = ask(kind(settings("x")), query(7))

    assert (frame.ref_id, frame["time"].to_list(), frame["v"].to_list()) == ("A", [START], [7])
    assert frame.meta == {"type": "timeseries-wide", "typeVersion": [0, 1]}


def test_query_has_a_range_of_an_hour() -> None:
    """Without being told, a query covers one hour."""
    assert query(1).time_range.duration == dt.timedelta(hours=1)
