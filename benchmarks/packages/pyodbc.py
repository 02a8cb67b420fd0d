"""pyodbc, which includes unixODBC's libraries, but no driver."""

import pyodbc

from gfruntime import Frame


def answer() -> Frame:
    """Load a driver that is not there."""
    return Frame.of(value=[str(pyodbc.connect("DRIVER=/nowhere/libdriver.so;SERVER=127.0.0.1"))])
