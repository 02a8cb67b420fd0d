"""Test the workers' functions without a cluster: the result does not depend on how the rows are split."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # it has no types
import pyarrow.parquet as pq  # type: ignore[import-untyped,unused-ignore]
import pytest

from plugin import partitions
from plugin.partitions import SECOND, Request

START = 1_767_225_600 * SECOND  # 2026-01-01
Row = tuple[int | None, str | None, float | None]


def make_request(**changes: Any) -> Request:
    """Make a request for the mean temperature of each site per minute, for ten minutes."""
    defaults: dict[str, Any] = {
        "start": START,
        "end": START + 600 * SECOND,
        "step": 60 * SECOND,
        "time": "time",
        "value": "temperature",
        "label": "site",
        "only": (),
        "aggregate": "mean",
        "most_points": 1000,
    }
    return Request(**{**defaults, **changes})


def rows_of(request: Request, aggregates: pa.Table) -> list[tuple[int, str, float]]:
    """Finish a result, and read its rows: seconds since the start, label, value."""
    table = pa.ipc.open_stream(partitions.finish(request, aggregates)).read_all()
    times, labels, values = (column.to_pylist() for column in table.columns)
    start = datetime.fromtimestamp(START / SECOND, UTC)
    return [
        ((time - start).total_seconds(), label, value) for time, label, value in zip(times, labels, values, strict=True)
    ]


def write(path: Path, rows: list[Row], kind: pa.DataType | None = None, label: pa.DataType | None = None) -> str:
    """Write a Parquet file; times are microseconds after the start."""
    kind = kind or pa.timestamp("us", "UTC")
    scale = {"s": SECOND, "ms": 1000, "us": 1}.get(kind.unit, 1)
    ticks = [
        None if time is None else (START + time) * (1000 if kind.unit == "ns" else 1) // scale for time, *_ in rows
    ]
    table = pa.table(
        {
            "time": pa.array(ticks, pa.int64()).cast(kind),
            "site": pa.array([site for _, site, _ in rows], label or pa.string()),
            "temperature": [value for *_, value in rows],
        }
    )
    pq.write_table(table, path)
    return str(path)


@pytest.mark.parametrize("aggregate", partitions.PARTIAL_AGGREGATES)
def test_any_split_gives_the_same_result(aggregate: str) -> None:
    """A hundred parts of the sample readings, merged in any order, give the same result as one part."""
    request = make_request(aggregate=aggregate)
    first, last = START // SECOND, START // SECOND + 599
    whole = partitions.aggregate_samples(request, SECOND, first, last)
    parts = [partitions.aggregate_samples(request, SECOND, at, min(at + 6, last)) for at in range(first, last + 1, 7)]

    merged = partitions.merge(request, [partitions.merge(request, parts[40:]), partitions.merge(request, parts[:40])])

    rows, rows_of_whole = rows_of(request, merged), rows_of(request, whole)
    assert [row[:2] for row in rows] == [row[:2] for row in rows_of_whole]
    assert [row[2] for row in rows] == pytest.approx([row[2] for row in rows_of_whole])
    assert len(rows) == 20


def test_each_reading_is_counted_once() -> None:
    """No reading of the range is lost or counted twice."""
    request = make_request(aggregate="count")

    aggregates = partitions.aggregate_samples(request, 1000, START // 1000, START // 1000 + 599_999)

    assert rows_of(request, aggregates) == [(60 * at, site, 60_000) for site in ("north", "south") for at in range(10)]


def test_buckets_begin_at_multiples_of_their_length() -> None:
    """A range that begins within a bucket gets the part of it that lies in the range."""
    request = make_request(aggregate="count", start=START + 90 * SECOND, end=START + 200 * SECOND, only=("south",))

    aggregates = partitions.aggregate_samples(request, SECOND, START // SECOND + 90, START // SECOND + 199)

    assert rows_of(request, aggregates) == [(60, "south", 30), (120, "south", 60), (180, "south", 20)]


def test_the_north_is_warmer_than_the_alert_rules_threshold_and_the_south_is_not() -> None:
    """At any time of the day, so that one of the two alerts in provisioning/alerting/rules.yaml fires."""
    day = make_request(end=START + partitions.DAY, step=600 * SECOND)

    rows = rows_of(day, partitions.aggregate_samples(day, SECOND, START // SECOND, START // SECOND + 86_399))

    assert min(value for _, site, value in rows if site == "north") > 60
    assert max(value for _, site, value in rows if site == "south") < 60


@pytest.mark.parametrize(
    "kind",
    [pa.timestamp("s"), pa.timestamp("ms", "UTC"), pa.timestamp("us"), pa.timestamp("ns", "Europe/Berlin")],
    ids=str,
)
@pytest.mark.parametrize("label", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_files_may_have_any_type_of_times_and_labels(tmp_path: Path, kind: pa.DataType, label: pa.DataType) -> None:
    """The first instant of the range is part of it, the last is not; without a zone it is UTC."""
    rows: list[Row] = [
        (-SECOND, "north", 99.0),
        (0, "north", 1.0),
        (59 * SECOND, "north", 2.0),
        (60 * SECOND, "south", 3.0),
        (599 * SECOND, "north", 4.0),
        (600 * SECOND, "north", 99.0),
    ]
    path = write(tmp_path / "a.parquet", rows, kind, label)

    for only, result in {
        (): [(0, "north", 1.5), (540, "north", 4.0), (60, "south", 3.0)],
        ("south", "nowhere"): [(60, "south", 3.0)],
    }.items():
        request = make_request(only=only)
        assert rows_of(request, partitions.read_file(request, str(tmp_path), path)) == result


def test_nanoseconds_are_compared_exactly(tmp_path: Path) -> None:
    """One nanosecond before the end is in the range, and in the last bucket."""
    times = pa.array([START * 1000 - 1, START * 1000, (START + 600 * SECOND) * 1000 - 1], pa.int64())
    table = pa.table({"time": times.cast(pa.timestamp("ns")), "site": ["a"] * 3, "temperature": [9, 1, 2]})
    pq.write_table(table, tmp_path / "a.parquet")

    request = make_request()

    assert rows_of(request, partitions.read_file(request, str(tmp_path), str(tmp_path / "a.parquet"))) == [
        (0, "a", 1.0),
        (540, "a", 2.0),
    ]


def test_missing_values_are_skipped(tmp_path: Path) -> None:
    """Rows without a time and missing values are ignored; rows without a label are their own series."""
    rows: list[Row] = [
        (0, "north", None),
        (1, "north", 2.0),
        (2, None, 3.0),
        (None, "north", 4.0),
        (60 * SECOND, "x", None),
    ]
    path = write(tmp_path / "a.parquet", rows)

    results = {}
    for aggregate in partitions.PARTIAL_AGGREGATES:
        request = make_request(aggregate=aggregate)
        results[aggregate] = rows_of(request, partitions.read_file(request, str(tmp_path), path))

    assert results["mean"] == results["sum"] == [(0, "", 3.0), (0, "north", 2.0), (60, "x", None)]
    assert results["count"] == [(0, "", 1.0), (0, "north", 1.0), (60, "x", 0.0)]


@pytest.mark.parametrize("label", [pa.string(), pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_a_missing_label_and_an_empty_one_are_one_series(tmp_path: Path, label: pa.DataType) -> None:
    """Grafana can't tell them apart, and a series has one point at a time; a single file is not merged."""
    path = write(tmp_path / "a.parquet", [(0, None, 1.0), (1, "", 2.0)], label=label)
    request = make_request(aggregate="sum")

    assert rows_of(request, partitions.read_file(request, str(tmp_path), path)) == [(0, "", 3.0)]


def test_folders_named_after_a_value_become_a_column(tmp_path: Path) -> None:
    """Hive and Spark write such folders."""
    for site in ("north", "south"):
        (tmp_path / f"site={site}").mkdir()
        table = pa.table({"time": pa.array([START], pa.timestamp("us")), "temperature": [len(site) + 0.5]})
        pq.write_table(table, tmp_path / f"site={site}" / "a.parquet")
    request = make_request()

    files = partitions.list_files(str(tmp_path), 2)
    parts = [partitions.read_file(request, str(tmp_path), path) for path in files]

    assert rows_of(request, partitions.merge(request, parts)) == [(0, "north", 5.5), (0, "south", 5.5)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"value": "pressure"}, "has no column 'pressure'; it has time, site, temperature"),
        ({"value": "site", "label": "temperature"}, "'site' holds string, not numbers"),
        ({"time": "site"}, "'site' holds string, not times"),
        ({"label": "temperature", "value": "temperature", "only": ("north",)}, "'temperature' holds double"),
        ({"most_points": 1}, "more than 1 points"),
    ],
)
def test_an_invalid_request_is_a_value_error(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    """The panel shows the text of a ValueError."""
    path = write(tmp_path / "a.parquet", [(0, "north", 1.0), (60 * SECOND, "south", 1.0)])

    with pytest.raises(ValueError, match=problem):
        partitions.read_file(make_request(**changes), str(tmp_path), path)


@pytest.mark.parametrize("count", [0, 3])
def test_a_folder_with_no_files_or_too_many_is_refused(tmp_path: Path, count: int) -> None:
    """The error has the folder and the number."""
    for number in range(count):
        write(tmp_path / f"{number}.parquet", [])

    with pytest.raises(ValueError, match=rf"{tmp_path.name} has {count} Parquet files, but 1 to 2 are required"):
        partitions.list_files(str(tmp_path), 2)


def test_an_empty_result_has_its_columns() -> None:
    """It has no rows."""
    request = make_request()

    table = pa.ipc.open_stream(partitions.finish(request, partitions.merge(request, []))).read_all()

    assert (table.num_rows, table.column_names) == (0, ["time", "site", "temperature"])
