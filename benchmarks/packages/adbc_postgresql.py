"""ADBC and its driver for PostgreSQL."""

import adbc_driver_postgresql.dbapi

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    with adbc_driver_postgresql.dbapi.connect("postgresql://127.0.0.1:9/x") as connection:
        return Frame.of(value=[str(connection)])
