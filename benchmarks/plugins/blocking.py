"""The data source that the benchmarks measure: what its Go counterpart answers, as a plugin's author would write it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from gfruntime import Field, Frame, Health, Query, QueryError, Settings

FIRST_S = 1_700_000_000


@dataclass(frozen=True)
class Options:
    """Nothing to configure."""


@dataclass(frozen=True)
class Model:
    """What a query says: which answer it wants."""

    kind: str = "series"
    rows: int = 10
    seconds: float = 0.1


class Datasource:
    """Answers with rows made on the spot, with a table it holds, or late."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Hold no table yet."""
        self.settings = settings
        self.table: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]] = np.arange(0), np.arange(0)

    def query(self, query: Query[Model]) -> Frame:
        """Answer one query."""
        model = query.model
        match model.kind:
            case "series":
                return series(query.time_range.start, model.rows)
            case "columns":
                return self.columns(model.rows)
            case "sleep":
                time.sleep(model.seconds)
                return series(query.time_range.start, 1)
            case "burn":
                return burn(model.seconds)
            case "work":
                return Frame.of(total=[work(model.rows)])
        raise QueryError(f"unknown kind {model.kind}")

    def columns(self, rows: int) -> Frame:
        """Answer with a table that was there before the query came: one row a second."""
        if len(self.table[0]) != rows:
            seconds = np.arange(FIRST_S, FIRST_S + rows, dtype="int64")
            self.table = (seconds * 1_000_000_000).view("datetime64[ns]"), np.arange(rows) / 2
        times, values = self.table
        return Frame.of(time=times, value=values)

    def check_health(self) -> Health:
        """Be well."""
        return Health.ok("well")


def series(start: datetime, rows: int) -> Frame:
    """Make a time series: one row a minute, values 0, 0.5, 1, ..."""
    times = [start + timedelta(minutes=number) for number in range(rows)]
    values = [number / 2 for number in range(rows)]
    return Frame(
        name="series",
        fields=[Field("time", times), Field("value", values, labels={"host": "web-1"}, config={"unit": "percent"})],
    )


def work(units: int) -> float:
    """Compute a fixed amount: what `work.py` does in a process of its own."""
    total = 0.0
    for _ in range(units):
        total += sum(range(1000))
    return total


def burn(seconds: float) -> Frame:
    """Compute for as long as told, in Python alone."""
    total, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        total += sum(range(1000))
    return Frame.of(total=[total])
