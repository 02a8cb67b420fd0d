"""Queries with a range of an hour for the tests of databases."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from gfruntime.request.vocabulary import Query, TimeRange

if TYPE_CHECKING:
    from gfruntime.sql.database import Database

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def query_of_an_hour(**options: Any) -> Query[None]:
    """Make a query with a range of an hour."""
    window = TimeRange(start=NOW, end=NOW + dt.timedelta(hours=1))
    return Query(model=None, time_range=window, interval=dt.timedelta(minutes=1), **options)


def read(database: Database, sql: str = "SELECT 1 AS x") -> Any:
    """Query a table."""
    [frame] = database.query(query_of_an_hour(), sql, format="table")
    return frame
