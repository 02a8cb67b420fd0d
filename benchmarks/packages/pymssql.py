"""pymssql, which includes FreeTDS."""

import pymssql

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    return Frame.of(value=[str(pymssql.connect(server="127.0.0.1", port="9", user="x", password="x", login_timeout=3))])
