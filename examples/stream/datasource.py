"""The data source: Grafana Live. A panel subscribes to a channel and moves; alert rules get numbers at once."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from gfruntime import DataOnly, Frame, Health, Query, QueryError, Settings, StreamRequest, StreamResponse, Ui

CHANNEL = "wave"
SLOWEST, FASTEST = 0.1, 50.0  # points a second
POINTS = 1000  # of the past, however many are asked for


@dataclass(frozen=True)
class Options:
    """What the config page saves: here nothing."""


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    hertz: Annotated[float, Ui(label="Points a second", minimum=SLOWEST, maximum=FASTEST)] = 5.0


class Datasource:
    """One object per configured data source."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.uid = settings.uid

    def query(self, query: Query[Model]) -> Frame:
        """Answer the past; the channel in the metadata lets a panel go on from there."""
        start, end = query.time_range.start, query.time_range.end
        count = max(1, min(query.max_data_points, POINTS, int((end - start).total_seconds())))
        times = [start + (end - start) / count * number for number in range(count)]
        frame = Frame.of(time=times, value=[height(time) for time in times])
        if query.from_alert:
            return frame
        return frame.with_meta(channel=f"ds/{self.uid}/{CHANNEL}")

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        return Health.ok("The wave rolls")

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Allow the one channel there is, at a rate that it has."""
        if request.path != CHANNEL:
            return StreamResponse.not_found()
        hertz_of(request)
        return StreamResponse.ok()

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[Frame | DataOnly]:
        """Send a point again and again, until nobody listens; the first packet brings the schema."""
        pause = 1 / hertz_of(request)
        now = datetime.now(UTC)
        yield Frame.of(time=[now], value=[height(now)])
        while True:
            await asyncio.sleep(pause)
            now = datetime.now(UTC)
            yield DataOnly(frame=Frame.of(time=[now], value=[height(now)]))


def hertz_of(request: StreamRequest) -> float:
    """Return how many points a second a subscriber asks for. What a browser sends along is decoded by nobody else."""
    try:
        hertz = (request.json() or {}).get("hertz")
        hertz = Model.hertz if hertz is None else hertz
        if SLOWEST <= float(hertz) <= FASTEST:
            return float(hertz)
    except (AttributeError, OverflowError, RecursionError, TypeError, ValueError):
        hertz = "no number"
    raise QueryError(f"hertz is from {SLOWEST} to {FASTEST}, not {hertz}")


def height(time: datetime) -> float:
    """Say how high the wave is."""
    return 2 + math.sin(time.timestamp() / timedelta(minutes=10).total_seconds() * math.tau)
