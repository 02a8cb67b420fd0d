"""Test the data source without Grafana: with the sample data, and with Parquet files."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from gfruntime import DownstreamError, Query, QueryError, Request, Settings, TimeRange
from gfruntime.testing import call
from plugin.datasource import Datasource, Model, Options

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def files(tmp_path: Path) -> str:
    """Write two days of rows, one for each minute and region, into two files."""
    for day in range(2):
        times = [START + timedelta(days=day, minutes=minute) for minute in range(1440)]
        parts = [
            pl.DataFrame({"time": times, "region": [region] * 1440, "power": [level + day] * 1440})
            for region, level in (("north", 1.0), ("south", 2.0))
        ]
        pl.concat(parts).write_parquet(tmp_path / f"{day}.parquet", row_group_size=120)
    return f"{tmp_path}/*.parquet"


def connect(files: str = "") -> Datasource:
    """Configure the data source."""
    return Datasource(Settings(options=Options(files=files)))


def make_query(model: Model | None = None, *, start: datetime = START, span: timedelta = HOUR) -> Query[Model]:
    """Make the query of a panel that can show 6 points."""
    window = TimeRange(start=start, end=start + span)
    return Query(model=model or Model(), time_range=window, max_data_points=6, interval=timedelta(minutes=10))


def test_each_region_is_a_series(files: str) -> None:
    """Its steps are ten minutes; the end of the range is excluded."""
    north, south = connect(files).query(make_query())

    assert north["time"].to_list() == [START + timedelta(minutes=10 * step) for step in range(6)]
    assert (north["power"].labels, north["power"].to_list()) == ({"region": "north"}, [1.0] * 6)
    assert (south["power"].labels, south["power"].to_list()) == ({"region": "south"}, [2.0] * 6)


def test_the_rows_of_the_second_file_are_added_up(files: str) -> None:
    """The range is the day of that file."""
    model = Model(aggregate="sum", regions=("south",))
    (south,) = connect(files).query(make_query(model, start=START + timedelta(days=1)))

    assert (south["power"].labels, south["power"].to_list()) == ({"region": "south"}, [30.0] * 6)


def test_the_scan_applies_the_filters(files: str) -> None:
    """It applies the time range and the regions, and reads no other column."""
    plan = connect(files).plan(make_query(Model(regions=("north",)))).explain()
    scan = plan[plan.index("Parquet SCAN") :]

    assert "SELECTION" in scan
    assert all(name in scan for name in ('col("time")', 'col("region")', "PROJECT"))
    assert "FILTER" not in plan


def test_one_region_of_the_sample_data_is_above_90() -> None:
    """The alert rule relies on it."""
    north, south = connect().query(make_query())

    assert min(north["power"].to_list()) > 90 > max(south["power"].to_list())


def test_too_many_rows_are_an_error(files: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alert rule must not judge frames that lack the newest rows."""
    monkeypatch.setattr("plugin.datasource.ROWS", 12)
    assert sum(len(frame) for frame in connect(files).query(make_query())) == 12
    monkeypatch.setattr("plugin.datasource.ROWS", 11)

    with pytest.raises(QueryError, match="more than 11 rows: choose fewer regions"):
        connect(files).query(make_query())


@pytest.mark.parametrize("span", [timedelta(), timedelta(hours=-1)])
def test_an_empty_range_returns_no_rows(files: str, span: timedelta) -> None:
    """So an alert rule reads "no data"."""
    assert [len(frame) for frame in connect(files).query(make_query(span=span))] == [0]


def test_the_resource_lists_the_regions(files: str) -> None:
    """It lists the regions in the files."""
    assert json.loads(call(connect(files), Request(path="regions")).read()) == ["north", "south"]


def test_missing_files_are_a_downstream_error(tmp_path: Path) -> None:
    """The panel and the config page show it."""
    source = connect(f"{tmp_path}/none.parquet")

    with pytest.raises(DownstreamError, match="can't be read"):
        source.query(make_query())
    assert source.check_health().status == "error"
    assert connect().check_health().status == "ok"


def test_a_missing_column_is_a_downstream_error(tmp_path: Path) -> None:
    """The error names the column."""
    pl.DataFrame({"time": [START], "region": ["north"]}).write_parquet(tmp_path / "a.parquet")

    with pytest.raises(DownstreamError, match="power"):
        connect(f"{tmp_path}/a.parquet").query(make_query())
