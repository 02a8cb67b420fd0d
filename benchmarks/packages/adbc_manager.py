"""ADBC's manager, with the library of a driver by its path."""

from importlib.resources import files

import adbc_driver_manager.dbapi
import adbc_driver_sqlite

from gfruntime import Frame


def answer() -> Frame:
    """Compute in memory, with a driver by its path."""
    path = str(files(adbc_driver_sqlite) / "libadbc_driver_sqlite.so")
    with adbc_driver_manager.dbapi.connect(driver=path) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 6 * 7 AS value")
        return Frame.from_arrow(cursor.fetch_arrow_table())
