"""The data source: this is the one file to edit.

It computes signals from the time, so it works without another system. Replace `wave` with your own source, and the
fields of `Options` and `Model` with your own: the editors in Grafana show these fields.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, get_args

from gfruntime import Field, Frame, Health, Query, Request, Settings, Ui, route

Signal = Literal["sine", "sawtooth", "square", "noise"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
POINTS = 10_000  # at most, for one series


@dataclass(frozen=True)
class Options:
    """What the data source's config page saves."""

    seed: Annotated[int, Ui(label="Seed", help="The same seed gives the same noise")] = 0


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    signal: Annotated[Signal, Ui(label="Signal")] = "sine"
    period: Annotated[float, Ui(label="Period", help="Seconds per cycle", minimum=1)] = 600.0
    amplitude: Annotated[float, Ui(label="Amplitude")] = 1.0
    series: Annotated[int, Ui(label="Series", help="Number of series, each a bit delayed", minimum=1, maximum=100)] = 1


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.seed = settings.options.seed

    def query(self, query: Query[Model]) -> Frame:
        """Answer one query: a column of times, and one column of values per series."""
        model = query.model  # its values are within the bounds above; otherwise the panel shows an error
        times = ticks(query)
        labels = [{"signal": model.signal, "series": str(number + 1)} for number in range(model.series)]
        return Frame(
            fields=[
                Field("time", times, "time"),  # with its type, because the list may be empty
                *(
                    Field("value", [self.value(model, number, time) for time in times], labels=labels[number])
                    for number in range(model.series)
                ),
            ]
        )

    def value(self, model: Model, number: int, time: datetime) -> float:
        """Return a series' value at a time; each series lags the previous one by a part of the period."""
        seconds = (time - EPOCH).total_seconds()
        phase = seconds / model.period - number / model.series
        noise = f"{self.seed} {number} {seconds}"
        return model.amplitude * wave(model.signal, phase % 1.0, noise)

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        return Health.ok(f"{len(get_args(Signal))} signals are ready")

    @route("GET", "/signals")
    def signals(self, _request: Request) -> list[str]:
        """Answer requests for /api/datasources/uid/<uid>/resources/signals: list the signals."""
        return list(get_args(Signal))


def ticks(query: Query[Model]) -> list[datetime]:
    """List the times of the points: at most as many as the panel can show, at multiples of the step since 1970."""
    start, end = query.time_range.start, query.time_range.end
    points = min(max(query.max_data_points, 1), POINTS)
    step = max(query.interval, (end - start) / points, timedelta(milliseconds=1))
    first, last = -((EPOCH - start) // step), (end - EPOCH) // step
    return [EPOCH + number * step for number in range(first, last + 1)]


def wave(signal: Signal, phase: float, noise: str) -> float:
    """Return a signal's value, from -1 to 1, at a phase from 0 to 1."""
    match signal:
        case "sine":
            return math.sin(2 * math.pi * phase)
        case "sawtooth":
            return 2 * phase - 1
        case "square":
            return 1.0 if phase < 1 / 2 else -1.0
        case "noise":  # computed from the text only, so that the same query returns the same values
            return int.from_bytes(hashlib.blake2b(noise.encode(), digest_size=6).digest()) / 2**47 - 1
