"""ADBC's manager, with a driver that it finds by a package's name."""

import adbc_driver_manager.dbapi
import adbc_driver_sqlite
from gfruntime import Frame


def answer() -> Frame:
    """Load the driver's library by its path, and compute."""
    path = adbc_driver_sqlite._driver_path()
    with adbc_driver_manager.dbapi.connect(driver=path) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 6 * 7 AS value")
        return Frame.from_arrow(cursor.fetch_arrow_table())
