"""The data source: Grafana Live. A panel subscribes to a channel and moves; alert rules get numbers at once."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from gfruntime import DataOnly, Frame, Health, Query, Settings, StreamRequest, StreamResponse, Ui

CHANNEL = "wave"


@dataclass(frozen=True)
class Options:
    """What the config page saves: here nothing."""


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    hertz: Annotated[float, Ui(label="Points a second", minimum=0.1, maximum=50)] = 5.0


class Datasource:
    """One object per configured data source."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.uid = settings.uid

    def query(self, query: Query[Model]) -> Frame:
        """Answer the past; the channel in the metadata lets a panel go on from there."""
        start, end = query.time_range.start, query.time_range.end
        count = min(query.max_data_points, 1000, max(1, int((end - start).total_seconds())))
        times = [start + (end - start) / count * number for number in range(count)]
        frame = Frame.of(time=times, value=[height(time) for time in times])
        if query.from_alert:
            return frame
        return frame.with_meta(channel=f"ds/{self.uid}/{CHANNEL}")

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        return Health.ok("The wave rolls")

    def subscribe_stream(self, request: StreamRequest) -> StreamResponse:
        """Allow the one channel there is."""
        return StreamResponse.ok() if request.path == CHANNEL else StreamResponse.not_found()

    async def run_stream(self, request: StreamRequest) -> AsyncIterator[Frame | DataOnly]:
        """Send a point again and again, until nobody listens; the first packet brings the schema."""
        pause = 1 / ((request.json() or {}).get("hertz") or Model.hertz)
        now = datetime.now(UTC)
        yield Frame.of(time=[now], value=[height(now)])
        while True:
            await asyncio.sleep(pause)
            now = datetime.now(UTC)
            yield DataOnly(frame=Frame.of(time=[now], value=[height(now)]))


def height(time: datetime) -> float:
    """Say how high the wave is."""
    return 2 + math.sin(time.timestamp() / timedelta(minutes=10).total_seconds() * math.tau)
