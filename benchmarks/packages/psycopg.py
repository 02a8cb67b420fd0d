"""psycopg with its C implementation and libpq."""

import psycopg

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port, and name the implementation."""
    try:
        psycopg.connect("host=127.0.0.1 port=9 connect_timeout=3")
    except psycopg.OperationalError as error:
        return Frame.of(value=[f"{psycopg.pq.__impl__} {psycopg.pq.version()}: {error}"])
    return Frame.of(value=["connected"])
