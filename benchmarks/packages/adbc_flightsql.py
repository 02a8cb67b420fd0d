"""ADBC and its driver for Flight SQL, which is written in Go."""

import adbc_driver_flightsql.dbapi

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    with adbc_driver_flightsql.dbapi.connect("grpc://127.0.0.1:9") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return Frame.from_arrow(cursor.fetch_arrow_table())
