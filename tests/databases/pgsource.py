"""A data source for PostgreSQL: its queries can be cancelled, and end when Grafana stops waiting."""

from dataclasses import dataclass
from typing import Annotated, Literal

import adbc_driver_postgresql.dbapi as adbc  # type: ignore[import-untyped,unused-ignore]  # it has no types
import psycopg

from gfruntime import Frame, Query, Settings, Ui, expand_sql


@dataclass(frozen=True)
class Options:
    """The address of the database."""

    url: str = ""
    driver: Literal["psycopg", "adbc"] = "psycopg"
    keeps_deadline: bool = False


@dataclass(frozen=True)
class Model:
    """A panel's query."""

    sql: Annotated[str, Ui(widget="code", language="sql")] = "SELECT 1 AS value"


class Datasource:
    """Opens a connection for each query."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Store the address."""
        self.options = settings.options

    def query(self, query: Query[Model]) -> Frame:
        """Run a query."""
        sql = expand_sql(query.model.sql, query, dialect="postgres")
        if self.options.driver == "adbc":
            with (
                adbc.connect(self.options.url, autocommit=True) as connection,
                connection.cursor() as cursor,
                query.on_cancel(cursor.adbc_cancel),
            ):
                cursor.execute("SET default_transaction_read_only = on")
                cursor.execute(sql)
                return Frame.from_cursor(cursor)
        options = "-c default_transaction_read_only=on"
        with (
            psycopg.connect(self.options.url, connect_timeout=3, options=options) as connection,
            query.on_cancel(connection.cancel),
        ):
            if self.options.keeps_deadline and query.time_left is not None:
                milliseconds = max(1, round(query.time_left.total_seconds() * 500))
                connection.execute(f"SET statement_timeout = {milliseconds}")
            return Frame.from_cursor(connection.execute(sql))
