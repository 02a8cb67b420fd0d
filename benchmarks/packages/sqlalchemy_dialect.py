"""SQLAlchemy with a dialect that another package registers, and that only an address names."""

import sqlalchemy

from gfruntime import Frame


def answer() -> Frame:
    """Connect to a closed port."""
    with sqlalchemy.create_engine("clickhousedb://x@127.0.0.1:9/x").connect() as connection:
        return Frame.of(value=[str(connection)])
