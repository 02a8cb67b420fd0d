"""python-oracledb in its thin mode."""

import oracledb

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    return Frame.of(value=[str(oracledb.connect(user="x", password="x", dsn="127.0.0.1:9/x"))])
