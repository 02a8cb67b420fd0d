"""ADBC and its driver for Snowflake, which is written in Go."""

import adbc_driver_snowflake.dbapi

from gfruntime import Frame


def answer() -> Frame:
    """Connect without an account."""
    with adbc_driver_snowflake.dbapi.connect("x:x@") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return Frame.from_arrow(cursor.fetch_arrow_table())
