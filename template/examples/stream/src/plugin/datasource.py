"""The data source: this is the one file to edit.

It streams the values of two simulated sensors with Grafana Live. A panel subscribes to a channel and updates by itself;
alert rules get the same numbers without the channel. Replace `measure` with your own source.
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
POINTS = 1000  # at most, for a query


@dataclass(frozen=True)
class Options:
    """What the config page saves; this data source has no options."""


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    hertz: Annotated[float, Ui(label="Points a second", minimum=SLOWEST, maximum=FASTEST)] = 5.0


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.uid = settings.uid

    def query(self, query: Query[Model]) -> Frame:
        """Return the values of the time range; a panel gets the next values from the channel in the metadata."""
        start, end = query.time_range.start, query.time_range.end
        count = max(1, min(query.max_data_points, POINTS, int((end - start).total_seconds())))
        frame = measurements([start + (end - start) / count * number for number in range(count)])
        return frame if query.from_alert else frame.with_meta(channel=f"ds/{self.uid}/{CHANNEL}")

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        return Health.ok(f"Sensors: {', '.join(LEVELS)}")

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Allow only the channel `sensors`, at a valid rate."""
        if request.path != CHANNEL:
            return StreamResponse.not_found()
        hertz_of(request)
        return StreamResponse.ok()

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[Frame | DataOnly]:
        """Send points until nobody listens; the first packet has the schema."""
        pause = 1 / hertz_of(request)
        yield measurements([datetime.now(UTC)])
        while True:
            await asyncio.sleep(pause)
            yield DataOnly(frame=measurements([datetime.now(UTC)]))


def hertz_of(request: StreamRequest) -> float:
    """Return the number of points a second in a subscription; a browser may send any data, so check it."""
    try:
        hertz = (request.json() or {}).get("hertz")
        hertz = Model.hertz if hertz is None else hertz
        if SLOWEST <= float(hertz) <= FASTEST:
            return float(hertz)
    except (AttributeError, OverflowError, RecursionError, TypeError, ValueError):
        hertz = "another value"
    raise QueryError(f"hertz must be a number from {SLOWEST} to {FASTEST}, got {hertz}")


def measurements(times: Sequence[datetime]) -> Frame:
    """Return a frame with each sensor's values at some times."""
    values = [
        Field("value", [measure(sensor, time) for time in times], "float64", labels={"sensor": sensor})
        for sensor in LEVELS
    ]
    return Frame(fields=[Field("time", times, "time"), *values])


def measure(sensor: str, time: datetime) -> float:
    """Return a sensor's simulated value: the boiler is always above 50, the cellar below."""
    return LEVELS[sensor] + 5 * math.sin(time.timestamp() / 60)
