"""A data source that protects its upstream, which a test plays."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from gfruntime import AsyncHttpClient, Cache, Frame, HttpClient, Query, Settings


@dataclass(frozen=True)
class Model:
    """What a query wants."""

    number: int = 0


class Protected:
    """Asks at most four times at once, and once for equal queries."""

    cache = Cache(seconds=60)
    concurrency = 4


class Datasource(Protected):
    """With `def`."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Ask what the settings name."""
        self.http = HttpClient.of(settings)

    def query(self, query: Query[Model]) -> Frame:
        """Ask the upstream."""
        rows = self.http.get("/rows", params={"number": str(query.model.number)}).raise_for_status().json()
        return Frame.of(number=[query.model.number] * len(rows), value=rows)


class AsyncDatasource(Protected):
    """With `async def`."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Ask what the settings name."""
        self.http = AsyncHttpClient.of(settings)

    async def query(self, query: Query[Model]) -> Frame:
        """Ask the upstream."""
        answer = await self.http.get("/rows", params={"number": str(query.model.number)})
        return Frame.of(number=[query.model.number] * 3, value=answer.raise_for_status().json())


if os.environ.get("PROBE_ASYNC"):
    Datasource = AsyncDatasource  # type: ignore[assignment,misc]  # what a project calls its class
