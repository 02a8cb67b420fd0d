"""DuckDB: an in-process engine."""

import duckdb

from gfruntime import Frame


def answer() -> Frame:
    """Compute in memory, with a time zone and JSON."""
    with duckdb.connect() as connection:
        sql = """SELECT sum(range) AS value, json_extract('{"a": 7}', '$.a')::VARCHAR AS json,
            timezone('Europe/Berlin', TIMESTAMPTZ '2024-07-01 00:00:00+00')::VARCHAR AS berlin FROM range(10)"""
        return Frame.from_arrow(connection.sql(sql).to_arrow_table())
