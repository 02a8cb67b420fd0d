"""The data source: SQL over DB-API. SQLite here; another driver differs in `connect` alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from gfruntime import DownstreamError, Frame, Health, Query, QueryError, Settings, TimeRange, Ui, expand_sql

ROWS = 100_000
TYPES = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
sqlite3.register_converter("epoch", lambda seconds: datetime.fromtimestamp(int(seconds), UTC))
EXAMPLE = """\
SELECT time, region, amount FROM sales
WHERE time >= :start AND time < :end
ORDER BY time
"""


@dataclass(frozen=True)
class Options:
    """What the config page saves."""

    path: Annotated[str, Ui(label="Database", help="A SQLite file; empty for an example in memory")] = ""


@dataclass(frozen=True)
class Model:
    """What the query editor sends.

    A column of type `epoch` (seconds since 1970), or read `AS "time [epoch]"`, makes a series; texts become labels.
    """

    sql: Annotated[str, Ui(label="SQL", widget="textarea")] = EXAMPLE


class Datasource:
    """One object per configured data source; a connection per query, as threads may overlap."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.path = settings.options.path

    def query(self, query: Query[Model]) -> list[Frame]:
        """Run the query's SQL: `:start`, `:end` and `:step` are seconds, and Grafana's macros are put in."""
        span = query.time_range
        seconds = {"start": span.start.timestamp(), "end": span.end.timestamp()}
        seconds["step"] = max(1.0, query.interval.total_seconds())
        with self.connect(span) as connection:
            try:
                cursor = connection.execute(expand_sql(query.model.sql, query), seconds)
                frame = Frame.from_cursor(cursor, limit=ROWS)
            except sqlite3.Error as error:
                raise QueryError(f"the database refused the query: {error}") from error
        texts = [field.name for field in frame.fields if field.type == "string"]
        return frame.group_by(*texts) if texts else [frame]

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        with self.connect(None) as connection:
            (version,) = connection.execute("SELECT sqlite_version()").fetchone()
        return Health.ok(f"SQLite {version}")

    @contextmanager
    def connect(self, example: TimeRange | None) -> Iterator[sqlite3.Connection]:
        """Open the database, read-only; without a path, an example of the time asked for."""
        if not self.path:
            with closing(sqlite3.connect(":memory:", detect_types=TYPES)) as connection:
                fill(connection, example)
                yield connection
            return
        try:
            connection = sqlite3.connect(f"{Path(self.path).absolute().as_uri()}?mode=ro", uri=True, detect_types=TYPES)
        except sqlite3.Error as error:
            raise DownstreamError(f"{self.path} cannot be opened: {error}") from error
        with closing(connection):
            yield connection


def fill(connection: sqlite3.Connection, span: TimeRange | None) -> None:
    """Make the example's table: a row a minute and region, north above 100, south below."""
    connection.execute("CREATE TABLE sales (time EPOCH, region TEXT, amount REAL)")
    first, last = (int(span.start.timestamp()), int(span.end.timestamp())) if span else (0, 0)
    step = max(60, (last - first) // 1000)
    rows = [
        (second, region, level + second // 60 % 20)
        for second in range(first - first % 60, last, step)
        for region, level in (("north", 100.0), ("south", 60.0))
    ]
    connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
