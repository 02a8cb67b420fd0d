"""Snowflake's connector."""

import snowflake.connector

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    connection = snowflake.connector.connect(
        account="x",
        user="x",
        password="x",
        host="127.0.0.1",
        port=9,
        protocol="http",
        login_timeout=2,
    )
    return Frame.of(value=[str(connection)])
