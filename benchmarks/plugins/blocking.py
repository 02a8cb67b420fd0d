"""The data source that the benchmarks measure: it answers like its Go counterpart, written as an author would."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from gfruntime import Field, Frame, Health, Query, QueryError, Settings

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]  # pandas has no types
    import polars as pl

FIRST_S = 1_700_000_000


@dataclass(frozen=True)
class Options:
    """There are no options."""


@dataclass(frozen=True)
class Model:
    """The fields of a query: the kind of the answer."""

    kind: str = "series"
    rows: int = 10
    series: int = 1
    seconds: float = 0.1


class Datasource:
    """Answers with rows that it computes, with a table in memory, or after a delay."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Start without a table."""
        self.settings = settings
        self.table: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]] = np.arange(0), np.arange(0)
        self.tables: dict[str, Any] = {}

    def query(self, query: Query[Model]) -> Frame | list[Frame]:
        """Answer one query."""
        model = query.model
        if model.kind in ("columns", "lists", "pandas", "polars"):
            return self.stored_table(model.kind, model.rows)
        match model.kind:
            case "series":
                return series(query.time_range.start, model.rows)
            case "many":
                return self.many(model.series, model.rows)
            case "sleep":
                time.sleep(model.seconds)
                return series(query.time_range.start, 1)
            case "burn":
                return burn(model.seconds)
            case "work":
                return Frame.of(total=[work(model.rows)])
        raise QueryError(f"unknown kind {model.kind}")

    def stored_table(self, kind: str, rows: int) -> Frame:
        """Answer with a table that existed before the query."""
        match kind:
            case "columns":
                times, values = self.columns(rows)
                return Frame.of(time=times, value=values)
            case "lists":
                return Frame.of(**self.lists(rows))
            case "pandas":
                return Frame.from_pandas(self.pandas(rows))
        return Frame.from_arrow(self.polars(rows))

    def columns(self, rows: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return a table of times and numbers: one row a second."""
        if len(self.table[0]) != rows:
            seconds = np.arange(FIRST_S, FIRST_S + rows, dtype="int64")
            self.table = (seconds * 1_000_000_000).view("datetime64[ns]"), np.arange(rows) / 2
        return self.table

    def many(self, series: int, rows: int) -> list[Frame]:
        """Answer like a monitoring system: one frame for each machine, with its part of a table in memory."""
        times, values = self.columns(series * rows)
        parts = [slice(start, start + rows) for start in range(0, series * rows, rows)]
        return [
            Frame.of("cpu", time=times[part], value=values[part], labels={"host": f"web-{number}", "job": "node"})
            for number, part in enumerate(parts)
        ]

    def lists(self, rows: int) -> dict[str, Any]:
        """Return a table of times, texts and numbers, in which every tenth text and every seventh number is missing."""
        if "lists" not in self.tables:
            hosts = [None if row % 10 == 9 else f"web-{row % 100}" for row in range(rows)]  # noqa: PLR2004
            values = [None if row % 7 == 6 else row / 2 for row in range(rows)]  # noqa: PLR2004
            self.tables["lists"] = {"time": self.columns(rows)[0], "host": hosts, "value": values}
        table: dict[str, Any] = self.tables["lists"]
        return table

    def pandas(self, rows: int) -> pd.DataFrame:
        """Return the same table for pandas."""
        import pandas as pd  # noqa: PLC0415  # a process that is not asked for it has none of its memory

        if "pandas" not in self.tables:
            self.tables["pandas"] = pd.DataFrame(self.lists(rows))
        table: pd.DataFrame = self.tables["pandas"]
        return table

    def polars(self, rows: int) -> pl.DataFrame:
        """Return the same table for polars."""
        import polars as pl  # noqa: PLC0415  # likewise

        if "polars" not in self.tables:
            self.tables["polars"] = pl.DataFrame(self.lists(rows))
        table: pl.DataFrame = self.tables["polars"]
        return table

    def check_health(self) -> Health:
        """Report that all is well."""
        return Health.ok("well")


def series(start: datetime, rows: int) -> Frame:
    """Return a time series: one row a minute, values 0, 0.5, 1, ..."""
    times = [start + timedelta(minutes=number) for number in range(rows)]
    values = [number / 2 for number in range(rows)]
    return Frame(
        name="series",
        fields=[Field("time", times), Field("value", values, labels={"host": "web-1"}, config={"unit": "percent"})],
    )


def work(units: int) -> float:
    """Compute a fixed amount, as `work.py` does in its own process."""
    total = 0.0
    for _ in range(units):
        total += sum(range(1000))
    return total


def burn(seconds: float) -> Frame:
    """Compute for some seconds, only in Python."""
    total, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        total += sum(range(1000))
    return Frame.of(total=[total])
