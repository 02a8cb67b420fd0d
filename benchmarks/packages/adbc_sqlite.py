"""ADBC and its driver for SQLite: an in-process engine."""

import adbc_driver_sqlite.dbapi

from gfruntime import Frame


def answer() -> Frame:
    """Compute in memory."""
    with adbc_driver_sqlite.dbapi.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 6 * 7 AS value")
        return Frame.from_arrow(cursor.fetch_arrow_table())
