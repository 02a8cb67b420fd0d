"""The same data source with `async def` handlers, which wait without a thread."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from gfruntime import Field, Frame, Health, Query, Settings


@dataclass(frozen=True)
class Options:
    """There are no options."""


@dataclass(frozen=True)
class Model:
    """The fields of a query: the delay of its answer, and the number of rows."""

    kind: str = "series"
    rows: int = 1
    seconds: float = 0.1


class Datasource:
    """Answers with rows that it computes, at once or after a delay."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""
        self.settings = settings

    async def query(self, query: Query[Model]) -> Frame:
        """Answer one query."""
        if query.model.kind == "sleep":
            await asyncio.sleep(query.model.seconds)
        start, rows = query.time_range.start, query.model.rows
        times = [start + timedelta(minutes=number) for number in range(rows)]
        values = [number / 2 for number in range(rows)]
        return Frame(
            name="series",
            fields=[Field("time", times), Field("value", values, labels={"host": "web-1"}, config={"unit": "percent"})],
        )

    def check_health(self) -> Health:
        """Report that all is well."""
        return Health.ok("well")
