"""clickhouse-connect."""

import clickhouse_connect

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    return Frame.of(value=[str(clickhouse_connect.get_client(host="127.0.0.1", port=9, connect_timeout=3))])
