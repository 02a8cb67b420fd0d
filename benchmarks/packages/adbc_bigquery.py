"""ADBC and its driver for BigQuery, which is written in Go."""

import adbc_driver_bigquery.dbapi

from gfruntime import Frame


def answer() -> Frame:
    """Connect without a project."""
    with adbc_driver_bigquery.dbapi.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return Frame.from_arrow(cursor.fetch_arrow_table())
