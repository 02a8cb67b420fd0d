"""The data source: SQL over DB-API. SQLite here; another driver differs in `connect` and `guard`.

Who may edit a query, or a variable in it, writes SQL: so the database is read-only, and each query has its limits.
"""

import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from gfruntime import DownstreamError, Frame, Health, Query, QueryError, Settings, TimeRange, Ui, expand_sql
from gfruntime.sql.formats import formatted

ROWS = 100_000
SECONDS = 10.0
BYTES = 100_000_000  # of one answer, and of SQLite's own memory for all queries together
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,  # of one text or blob
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_FUNCTION}
FORBIDDEN = {  # what reaches beyond the tables; and `printf`, one call of which takes any time
    *("load_extension", "fts3_tokenizer", "sqlite_log", "edit", "readfile", "writefile", "eval"),
    *("printf", "format"),
}
TYPES = sqlite3.PARSE_DECLTYPES | sqlite3.PARSE_COLNAMES
sqlite3.register_converter("epoch", lambda seconds: datetime.fromtimestamp(int(seconds), UTC))
EXAMPLE = """\
SELECT time, region, amount FROM sales
WHERE $__timeFilter(time)
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
    `timeseries` is Grafana's format: `$__timeGroupAlias(time, '5m', 0)` fills what is missing with 0.
    """

    sql: Annotated[str, Ui(label="SQL", widget="code", language="sql", required=True)] = EXAMPLE
    format: Annotated[Literal["multi", "timeseries", "table"], Ui(label="Format", widget="radio")] = "multi"


class Datasource:
    """One object per configured data source; a connection per query, as threads may overlap."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.path = settings.options.path

    def query(self, query: Query[Model]) -> list[Frame]:
        """Run the query's SQL: `:start`, `:end` and `:step` are seconds, and Grafana's macros are put in."""
        span, text = query.time_range, query.model.sql
        seconds = {"start": span.start.timestamp(), "end": span.end.timestamp()}
        seconds["step"] = max(1.0, query.interval.total_seconds())
        with self.connect(span) as connection:
            try:
                guard(connection, query)
                cursor = connection.execute(expand_sql(text, query, dialect="sqlite"), seconds)
                if cursor.description is None:
                    raise QueryError("the query answers no columns: write a SELECT")
                frame = Frame.from_cursor(cursor, limit=ROWS)
            except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
                raise QueryError(f"the database refused the query: {reason(error)}") from error
            except (ValueError, OverflowError, OSError) as error:
                raise QueryError(f"a value of the answer is not what its column says: {error}") from error
        if query.model.format != "multi":
            return formatted(frame, query.model.format, sql=text, query=query)
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
        except (sqlite3.Error, ValueError) as error:
            raise DownstreamError(f"{self.path} cannot be opened: {error}") from error
        with closing(connection):
            yield connection


def guard(connection: sqlite3.Connection, query: Query[Model]) -> None:
    """Let a query read tables, and nothing else: no file, no setting, no change, within limits of time and memory."""
    deadline, left = time.monotonic() + SECONDS, BYTES

    def count(_cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
        nonlocal left
        left -= sum(map(sys.getsizeof, row))
        if left < 0:
            raise QueryError(f"the answer has more than {BYTES} bytes: ask for fewer rows")
        return row

    def authorize(action: int, _first: str | None, second: str | None, *_where: str | None) -> int:
        is_forbidden = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FORBIDDEN
        return sqlite3.SQLITE_OK if action in READING and not is_forbidden else sqlite3.SQLITE_DENY

    for setting in ("query_only=ON", "trusted_schema=OFF", "temp_store=MEMORY", f"hard_heap_limit={BYTES}"):
        connection.execute(f"PRAGMA {setting}")
    for limit, value in LIMITS.items():
        connection.setlimit(limit, value)
    connection.row_factory = count
    connection.set_progress_handler(lambda: time.monotonic() > deadline or query.cancel.is_set(), 10_000)
    connection.set_authorizer(authorize)


def reason(error: Exception) -> str:
    """Say why SQLite refused a query, where its own words leave that open."""
    text = str(error) or "it needs too much memory"
    if text == "interrupted":
        return f"it took longer than {SECONDS:g} s"
    return f"{text}: the data source is readonly, and a query reads tables alone" if "authori" in text else text


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
