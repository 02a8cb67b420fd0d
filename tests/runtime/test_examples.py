"""The examples hold what they make in bounds, whatever is asked: the scaffold's own, and those in `examples/`."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from calls import Services
from children import context
from pluginv2 import backend_pb2 as pb

from gfruntime import DownstreamError, PluginError, Query, QueryError, Settings, StreamRequest, TimeRange
from gfruntime.author.schema import describe
from gfruntime.calls.convert import utc

ROOT = Path(__file__).parents[2]
FILES = {
    "signals": ROOT / "template/project/src/plugin/datasource.py",
    "adopted": ROOT / "template/frontends/adopted/src/plugin/datasource.py",
    **{path.parent.name: path for path in ROOT.glob("examples/*/datasource.py")},
}
START_MS, HOUR_MS = 1_767_225_600_000, 3_600_000
YEARS_MS = 250 * 365 * 24 * HOUR_MS
SPANS = {
    "hour": (START_MS, START_MS + HOUR_MS),
    "centuries": (-YEARS_MS, YEARS_MS),
    "all time": (-(2**62), 2**62),
    "turned round": (START_MS + HOUR_MS, START_MS),
    "nothing": (START_MS, START_MS),
    "the end of time": (2**62, 2**62 + 1),
}
ASKED = [(2**62, 1), (2**63 - 1, 2**63 - 1), (-1, -1), (0, 0)]
MOST = 35_000  # cells of an answer


def load(name: str) -> Any:
    """Import an example by its file."""
    if name == "dataframe":
        pytest.importorskip("pandas")
    spec = importlib.util.spec_from_file_location(f"example_{name}", FILES[name])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def ask(
    name: str, model: dict[str, Any], *, span: str = "hour", asked: tuple[int, int] = (100, 60_000)
) -> pb.DataResponse:
    """Ask one query as Grafana would, in bytes."""
    message = pb.DataQuery(refId="A", json=json.dumps(model).encode(), maxDataPoints=asked[0], intervalMS=asked[1])
    message.timeRange.CopyFrom(pb.TimeRange(fromEpochMS=SPANS[span][0], toEpochMS=SPANS[span][1]))
    request = pb.QueryDataRequest(pluginContext=context(), queries=[message])
    return Services(load(name).Datasource).query(request)["A"]


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("name", sorted(FILES))
def test_whatever_is_asked_for_an_answer_has_bounds(name: str, span: str, asked: tuple[int, int]) -> None:
    """More points than there are, intervals of nothing, centuries, ranges turned round: an answer, or one sentence."""
    load(name)  # pandas takes seconds
    began = time.monotonic()
    answer = ask(name, {}, span=span, asked=asked)

    assert time.monotonic() - began < 20
    if "outside the years 1677 to 2262" not in answer.error:  # which no frame can hold
        assert answer.status in ((200, 400) if span != "hour" else (200,)), answer.error
    tables = [pa.ipc.open_file(frame).read_all() for frame in answer.frames]
    assert sum(table.num_rows * table.num_columns for table in tables) <= MOST
    assert "Traceback" not in answer.error


@pytest.mark.parametrize(
    ("name", "model", "sentence"),
    [
        ("signals", {"series": 30_000_000}, "field 'series': 30000000 is above the maximum 100"),
        ("signals", {"series": 0}, "field 'series': 0 is below the minimum 1"),
        ("signals", {"period": 0}, "field 'period': 0.0 is below the minimum 1"),
        ("signals", {"amplitude": "inf"}, "field 'amplitude': inf is not a finite number"),
        ("signals", {"signal": "cosine"}, "field 'signal': 'cosine' is not one of 'sine', 'sa"),
        ("stream", {"hertz": 1e12}, "field 'hertz': 1000000000000.0 is above the maximum 50"),
        ("dataframe", {"aggregate": "eval"}, "field 'aggregate': 'eval' is not one of 'mean', 'sum', 'max'"),
        ("sql", {"sql": ""}, "field 'sql': it is empty, and a value is required"),
    ],
)  # fmt: skip
def test_an_example_refuses_what_its_editor_refuses(name: str, model: dict[str, Any], sentence: str) -> None:
    """With status 400."""
    answer = ask(name, model)

    assert answer.status == 400
    assert answer.error.startswith(f"the query: {sentence}")


@pytest.mark.parametrize("name", sorted(FILES))
def test_an_example_can_be_described(name: str) -> None:
    """Its bounds are ones that can be kept, and its editors can be built."""
    assert describe(load(name).Datasource)["version"] == 1


@pytest.mark.parametrize("hertz", [1e12, 51, -1, 0, "nan", "inf", "fast", [], {}, 10**400, True, 1e-300])
def test_a_stream_has_the_rates_that_its_editor_offers(hertz: object) -> None:
    """What a browser sends along with a subscription is decoded by the author alone."""
    module = load("stream")
    request = StreamRequest(path="wave", data=json.dumps({"hertz": hertz}).encode())
    if hertz is True:
        assert module.hertz_of(request) == 1.0
        return

    for call in (module.Datasource(Settings(options=None)).subscribe_stream, module.hertz_of):
        with pytest.raises(QueryError, match=r"hertz is from 0\.1 to 50\.0, not "):
            call(request)


@pytest.mark.parametrize("data", [b"NaN", b"[1]", b"{", b'"x"', b"1" * 5000, b'{"hertz": NaN}', b"[" * 100_000])
def test_a_stream_reads_only_what_it_can(data: bytes) -> None:
    """Bytes that are no JSON object are refused, too."""
    with pytest.raises(QueryError, match="hertz is from"):
        load("stream").hertz_of(StreamRequest(path="wave", data=data))


@pytest.mark.parametrize(
    ("data", "hertz"),
    [(b"", 5.0), (b"{}", 5.0), (b'{"hertz":null}', 5.0), (b'{"hertz":50}', 50.0), (b'{"hertz":"2"}', 2.0)],
)
def test_a_stream_without_a_rate_has_the_default(data: bytes, hertz: float) -> None:
    """Null and nothing are the default, as for queries."""
    assert load("stream").hertz_of(StreamRequest(path="wave", data=data)) == hertz


ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT "


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database of one table with one row."""
    path = tmp_path / "a?b#c%20.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (time INTEGER, region TEXT, amount REAL)")
        connection.execute("INSERT INTO sales VALUES (1, 'north', 2.0)")
    connection.close()
    return path


def run(module: Any, sql: str, path: Path | str = "") -> list[Any]:
    """Run a query's SQL."""
    window = TimeRange(start=utc(START_MS), end=utc(START_MS + HOUR_MS))
    source = module.Datasource(Settings(options=module.Options(path=str(path))))
    frames: list[Any] = source.query(Query(model=module.Model(sql=sql), time_range=window))
    return frames


@pytest.mark.parametrize("is_file", [True, False], ids=["file", "memory"])
@pytest.mark.parametrize(
    "sql",
    [
        "VACUUM INTO '{evil}'",
        "VACUUM",
        "ATTACH '{evil}' AS evil",
        "ATTACH ':memory:' AS evil",
        "DETACH main",
        "PRAGMA user_version",
        "PRAGMA query_only=OFF",
        "PRAGMA journal_mode=WAL",
        "PRAGMA hard_heap_limit=0",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_query_only(0)",
        "SELECT load_extension('{evil}')",
        "SELECT LOAD_EXTENSION('{evil}', 'x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT readfile('{evil}')",
        "SELECT writefile('{evil}', 'x')",
        "WITH x AS (SELECT 1) INSERT INTO sales SELECT 1, 2, 3",
        "WITH x AS (SELECT 1) DELETE FROM sales",
        "WITH x AS (SELECT 1) UPDATE sales SET amount = 0 RETURNING amount",
        "INSERT INTO sales VALUES (1, 2, 3)",
        "REPLACE INTO sales VALUES (1, 2, 3)",
        "DELETE FROM sales RETURNING 1",
        "DROP TABLE sales",
        "ALTER TABLE sales RENAME TO x",
        "CREATE TABLE x (a)",
        "CREATE TEMP TABLE x (a)",
        "CREATE VIRTUAL TABLE x USING fts5(a)",
        "CREATE VIEW x AS SELECT 1",
        "CREATE TRIGGER x AFTER INSERT ON sales BEGIN SELECT 1; END",
        "ANALYZE",
        "BEGIN EXCLUSIVE",
        "SAVEPOINT x",
        "COMMIT",
        "SELECT 1; DROP TABLE sales",
        "SELECT 1; SELECT 2",
        "SELECT 1 /* ; */; VACUUM INTO '{evil}'",
        "",
        "-- nothing",
        ";",
        "\x00",
        "SELECT zeroblob(1000000000)",
        "SELECT randomblob(1000000000)",
        "SELECT hex(randomblob(1000000))",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT printf('%1000000000d', 1)",
        "SELECT format('%.*c', 1000000000, 'x')",
        ENDLESS + "group_concat(x) FROM n",
        ENDLESS + "hex(randomblob(40000)) FROM n",
        ENDLESS + "x, randomblob(100) FROM n ORDER BY 2",
        "SELECT " + ", ".join(["1"] * 300),
        "SELECT " + "(" * 5_000 + "1" + ")" * 5_000,
        "SELECT 'a' LIKE '" + "%a" * 500 + "'",
        " UNION ALL ".join(["SELECT 1"] * 100),
        "SELECT 1 " + " " * 200_000,
        "SELECT :unknown",
        'SELECT 1e300 AS "time [epoch]"',
        "SELECT 'x' AS \"time [epoch]\"",
        'SELECT 9223372036854775807 AS "time [epoch]"',
        "SELECT $__timeGroup(",
    ],
)  # fmt: skip
def test_sql_that_does_more_than_read_is_refused(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str, *, is_file: bool
) -> None:
    """In one sentence, soon; no file is made, and the database is the same afterwards."""
    module, evil, before = load("sql"), tmp_path / "evil", database.read_bytes()
    monkeypatch.setattr(module, "SECONDS", 0.5)
    began = time.monotonic()

    with pytest.raises(QueryError) as caught:
        run(module, sql.replace("{evil}", str(evil)), database if is_file else "")
    assert "\n" not in str(caught.value)
    assert time.monotonic() - began < 20
    assert not evil.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [database.name]
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS + "count(*) FROM n",
        ENDLESS + "max(x) FROM n",
        ENDLESS.replace("ALL", "") + "count(*) FROM n WHERE x < 0",
        "WITH n AS (VALUES (1), (2), (3), (4)) SELECT count(*) FROM n" + "".join(f", n n{i}" for i in range(30)),  # noqa: S608
    ],
)  # fmt: skip
def test_a_query_without_end_has_one(monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    """The deadline holds, however the query keeps on."""
    module = load("sql")
    monkeypatch.setattr(module, "SECONDS", 0.3)

    with pytest.raises(QueryError, match=r"it took longer than 0\.3 s|too much memory"):
        run(module, sql)


def test_a_cancelled_query_ends() -> None:
    """Nobody waits for it any more."""
    module = load("sql")
    window = TimeRange(start=utc(START_MS), end=utc(START_MS + HOUR_MS))
    query = Query(model=module.Model(sql=ENDLESS + "count(*) FROM n"), time_range=window)
    query.cancel.set()
    began = time.monotonic()

    with pytest.raises(QueryError):
        module.Datasource(Settings(options=module.Options())).query(query)
    assert time.monotonic() - began < 5


def test_sql_that_reads_is_answered(database: Path) -> None:
    """Tables, functions, common table expressions, values in the place of names, and a cut at the most rows."""
    module = load("sql")

    assert run(module, "SELECT region, sum(amount) AS s FROM sales GROUP BY 1", database)[0]["s"].to_list() == [2.0]
    assert run(module, "SELECT :end - :start AS s")[0]["s"].to_list() == [3600.0]
    assert len(run(module, ENDLESS + "x FROM n")[0]) == module.ROWS
    assert {frame.fields[1].labels["region"] for frame in run(module, module.EXAMPLE)} == {"north", "south"}


def test_sql_has_grafanas_macros_and_formats() -> None:
    """Groups of the example's minutes, with those before it began filled; a table stays one; a wrong macro is told."""
    module = load("sql")
    window = TimeRange(start=utc(START_MS), end=utc(START_MS + HOUR_MS))
    sql = "SELECT $__timeGroupAlias(time, '20m', 0), count(*) AS n FROM sales WHERE time < :start + 1200 GROUP BY 1"

    def ask_format(name: str) -> list[Any]:
        query = Query(model=module.Model(sql=sql, format=name), time_range=window)
        frames: list[Any] = module.Datasource(Settings(options=module.Options())).query(query)
        return frames

    assert ask_format("timeseries")[0]["n"].to_list() == [40.0, 0.0, 0.0, 0.0]
    assert ask_format("table")[0]["n"].to_list() == [40]
    with pytest.raises(QueryError, match=r"did you mean \$__timeFilter\?"):
        run(module, "SELECT * FROM sales WHERE $__timeFiltr(time)")


@pytest.mark.parametrize("content", [None, b"not a database" * 100], ids=["missing", "no database"])
def test_a_database_that_cannot_be_read_is_said(tmp_path: Path, content: bytes | None) -> None:
    """It is nobody's mistake in the query's place."""
    path = tmp_path / "x.db"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(PluginError) as caught:
        run(load("sql"), "SELECT * FROM sales", path)
    assert isinstance(caught.value, DownstreamError if content is None else QueryError)
    assert path.exists() is (content is not None)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_resources_answer_the_methods_that_they_have_and_no_other(name: str, method: str) -> None:
    """The example's own path is 405 for others, with `Allow`; what it doesn't have is 404 for all."""
    services = Services(load(name).Datasource)
    (own,), (unknown,) = (services.resource(path, method=method) for path in ("signals", "nowhere"))
    has_route, is_read = name == "signals", method in ("GET", "HEAD")

    assert own.code == (404 if not has_route else 200 if is_read else 405)
    assert ("Allow" in own.headers) is (has_route and not is_read)
    assert unknown.code == 404
