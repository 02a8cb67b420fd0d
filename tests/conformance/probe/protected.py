"""A data source that protects its upstream, which the test provides."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from gfruntime import AsyncHttpClient, Cache, Frame, HttpClient, Query, Settings


@dataclass(frozen=True)
class Model:
    """A query's model."""

    number: int = 0


class Protected:
    """Sends at most four queries at once, and only one for equal queries."""

    cache = Cache(seconds=60)
    concurrency = 4


class Datasource(Protected):
    """The data source with `def`."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Make a client for the upstream of the settings."""
        self.http = HttpClient.of(settings)

    def query(self, query: Query[Model]) -> Frame:
        """Send a request to the upstream."""
        rows = self.http.get("/rows", params={"number": str(query.model.number)}).raise_for_status().json()
        return Frame.of(number=[query.model.number] * len(rows), value=rows)


class AsyncDatasource(Protected):
    """The data source with `async def`."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Make a client for the upstream of the settings."""
        self.http = AsyncHttpClient.of(settings)

    async def query(self, query: Query[Model]) -> Frame:
        """Send a request to the upstream."""
        answer = await self.http.get("/rows", params={"number": str(query.model.number)})
        return Frame.of(number=[query.model.number] * 3, value=answer.raise_for_status().json())


if os.environ.get("PROBE_ASYNC"):
    Datasource = AsyncDatasource  # type: ignore[assignment,misc]  # what a project calls its class
