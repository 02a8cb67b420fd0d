"""The how-to's query of distributed engines, against the engines that run here.

    FLIGHT_SQL=grpc://127.0.0.1:31337 SPARK=sc://127.0.0.1:15002 python -m pytest tests/docs/test_engines.py

Trino has a stand-in here that follows its protocol; no test starts a real Trino.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pages import ENGINES, blocks

from gfruntime import Query, Settings, TimeRange
from gfruntime.testing.fakes import Upstream

if TYPE_CHECKING:
    from gfruntime import Frame

START = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = int(START.timestamp())
READINGS = [
    (SECONDS + at, site, float(at % 60 + 100 * (site == "south"))) for at in range(180) for site in ("north", "south")
]
ANSWER = {
    site: [(START + timedelta(minutes=at), 29.5 + 100 * (site == "south")) for at in range(2)]
    for site in ("north", "south")
}


def address_of(engine: str) -> str:
    """Return the address of an engine."""
    address = os.environ.get(engine, "")
    if not address:
        pytest.skip(f"no server to ask: {engine} is not set")
    return address


def ask(engine: str, address: str) -> dict[str, list[tuple[Any, ...]]]:
    """Query two minutes from an engine with the page's code, and return the series."""
    (block,) = (block for block in blocks() if block.key == ENGINES)
    code: dict[str, Any] = {"__name__": "engines"}
    exec(compile(block.text, block.page, "exec", dont_inherit=True), code)  # noqa: S102  # the page's own
    source = code["Datasource"](Settings(options=code["Options"](engine=engine, address=address)))
    window = TimeRange(start=START, end=START + timedelta(minutes=2))
    frames: list[Frame] = source.query(Query(model=None, time_range=window, interval=timedelta(minutes=1)))
    assert [field.type for field in frames[0].fields] == ["time", "float64"]
    return {
        (frame.fields[1].labels or {})["site"]: list(zip(*(field.to_list() for field in frame.fields), strict=True))
        for frame in frames
    }


def test_flight_sql_answers() -> None:
    """The server stores rows."""
    dbapi = pytest.importorskip("adbc_driver_flightsql.dbapi")
    address = address_of("FLIGHT_SQL")
    with closing(dbapi.connect(address, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        for statement in (
            "DROP TABLE IF EXISTS readings",
            "CREATE TABLE readings (seconds BIGINT, site TEXT, temperature DOUBLE)",
            f"INSERT INTO readings VALUES {', '.join(map(str, READINGS))}",  # noqa: S608  # our own numbers
        ):
            cursor.adbc_statement.set_sql_query(statement)
            cursor.adbc_statement.execute_update()

    assert ask("flightsql", address) == ANSWER


@pytest.mark.filterwarnings("ignore")  # warnings of the client about the versions of its imports
def test_the_excerpt_for_spark_returns_a_frame() -> None:
    """Its client needs no Java, but the server does."""
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    address = address_of("SPARK")
    session = sql.SparkSession.builder.remote(address).getOrCreate()
    session.createDataFrame(READINGS, "seconds bigint, site string, temperature double").createOrReplaceTempView(
        "readings"
    )

    assert ask("spark", address) == ANSWER


def test_the_excerpt_for_trino_sends_what_its_protocol_requires() -> None:
    """The answers of a real server are not tested."""
    pytest.importorskip("trino", reason="trino is not installed")
    rows = [[int(time.timestamp()), site, value] for site, points in ANSWER.items() for time, value in points]
    columns = [
        {"name": name, "type": kind, "typeSignature": {"rawType": kind, "arguments": []}}
        for name, kind in (("bucket", "bigint"), ("site", "varchar"), ("temperature", "double"))
    ]
    with Upstream() as server:
        server.answer(
            "/v1/statement",
            method="POST",
            json={"id": "1", "infoUri": server.url, "stats": {"state": "FINISHED"}, "columns": columns, "data": rows},
        )
        assert ask("trino", server.url) == ANSWER
        assert f"seconds >= {SECONDS} AND seconds < {SECONDS + 120}" in str(server.requests[0].body)
