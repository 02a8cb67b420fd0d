"""SQLAlchemy with the standard library's SQLite, and with a dialect that an address names."""

import pymysql
import sqlalchemy

from gfruntime import Frame


def answer() -> Frame:
    """Compute in SQLite, and make an engine for MySQL."""
    engine = sqlalchemy.create_engine("mysql+pymysql://x@127.0.0.1:9/x")
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        value = connection.execute(sqlalchemy.text("SELECT 6 * 7")).scalar_one()
    return Frame.of(value=[f"{value} {engine.dialect.name}+{engine.driver} {pymysql.__name__}"])
