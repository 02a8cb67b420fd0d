"""The data source: this is the one file to edit.

It streams by Grafana Live what two made-up sensors measure. A panel subscribes to a channel and moves; alert rules get
the same numbers at once. Put your own source in the place of `measure`.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from gfruntime import DataOnly, Field, Frame, Health, Query, QueryError, Settings, StreamRequest, StreamResponse, Ui

CHANNEL = "sensors"
LEVELS = {"boiler": 70.0, "cellar": 20.0}
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
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.uid = settings.uid

    def query(self, query: Query[Model]) -> Frame:
        """Answer the past; the channel in the metadata lets a panel go on from there."""
        start, end = query.time_range.start, query.time_range.end
        count = max(1, min(query.max_data_points, POINTS, int((end - start).total_seconds())))
        frame = measured([start + (end - start) / count * number for number in range(count)])
        return frame if query.from_alert else frame.with_meta(channel=f"ds/{self.uid}/{CHANNEL}")

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        return Health.ok(f"Sensors: {', '.join(LEVELS)}")

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Allow the one channel there is, at a rate that it has."""
        if request.path != CHANNEL:
            return StreamResponse.not_found()
        hertz_of(request)
        return StreamResponse.ok()

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[Frame | DataOnly]:
        """Send a point again and again, until nobody listens; the first packet brings the schema."""
        pause = 1 / hertz_of(request)
        yield measured([datetime.now(UTC)])
        while True:
            await asyncio.sleep(pause)
            yield DataOnly(frame=measured([datetime.now(UTC)]))


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


def measured(times: Sequence[datetime]) -> Frame:
    """Make a frame of each sensor's values."""
    values = [
        Field("value", [measure(sensor, time) for time in times], "float64", labels={"sensor": sensor})
        for sensor in LEVELS
    ]
    return Frame(fields=[Field("time", times, "time"), *values])


def measure(sensor: str, time: datetime) -> float:
    """Make up what a sensor measures: the boiler is always above 50, the cellar below."""
    return LEVELS[sensor] + 5 * math.sin(time.timestamp() / 60)
