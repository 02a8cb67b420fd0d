"""pyodbc, which brings unixODBC's libraries, but no driver."""

import pyodbc

from gfruntime import Frame


def answer() -> Frame:
    """Fail to load a driver."""
    return Frame.of(value=[str(pyodbc.connect("DRIVER=/nowhere/libdriver.so;SERVER=127.0.0.1"))])
