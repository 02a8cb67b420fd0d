"""The data source without Grafana: with the made-up table, and with Parquet files."""

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
    """Two days of a row a minute and region, in two files."""
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


def asked(model: Model | None = None, *, start: datetime = START, span: timedelta = HOUR) -> Query[Model]:
    """A query as a panel with room for 6 points sends it."""
    window = TimeRange(start=start, end=start + span)
    return Query(model=model or Model(), time_range=window, max_data_points=6, interval=timedelta(minutes=10))


def test_each_region_is_a_series(files: str) -> None:
    """In steps of ten minutes, an end of the range excluded."""
    north, south = connect(files).query(asked())

    assert north["time"].to_list() == [START + timedelta(minutes=10 * step) for step in range(6)]
    assert (north["power"].labels, north["power"].to_list()) == ({"region": "north"}, [1.0] * 6)
    assert (south["power"].labels, south["power"].to_list()) == ({"region": "south"}, [2.0] * 6)


def test_the_second_file_is_read_too(files: str) -> None:
    """And its rows are added up."""
    model = Model(aggregate="sum", regions=("south",))
    (south,) = connect(files).query(asked(model, start=START + timedelta(days=1)))

    assert (south["power"].labels, south["power"].to_list()) == ({"region": "south"}, [30.0] * 6)


def test_filters_go_down_into_the_scan(files: str) -> None:
    """The time range and the regions are a part of the scan, and no other column is read."""
    plan = connect(files).plan(asked(Model(regions=("north",)))).explain()
    scan = plan[plan.index("Parquet SCAN") :]

    assert "SELECTION" in scan
    assert all(name in scan for name in ('col("time")', 'col("region")', "PROJECT"))
    assert "FILTER" not in plan


def test_of_the_made_up_regions_one_is_above_90() -> None:
    """The alert rule relies on it."""
    north, south = connect().query(asked())

    assert min(north["power"].to_list()) > 90 > max(south["power"].to_list())


def test_an_answer_is_whole_or_an_error(files: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An alert rule must not judge one that lacks the newest rows."""
    monkeypatch.setattr("plugin.datasource.ROWS", 12)
    assert sum(len(frame) for frame in connect(files).query(asked())) == 12
    monkeypatch.setattr("plugin.datasource.ROWS", 11)

    with pytest.raises(QueryError, match="more than 11 rows: choose regions"):
        connect(files).query(asked())


@pytest.mark.parametrize("span", [timedelta(), timedelta(hours=-1)])
def test_a_range_of_nothing_has_no_rows(files: str, span: timedelta) -> None:
    """An alert rule reads "no data"."""
    assert [len(frame) for frame in connect(files).query(asked(span=span))] == [0]


def test_the_editor_is_offered_regions(files: str) -> None:
    """Those that the files hold."""
    assert json.loads(call(connect(files), Request(path="regions")).read()) == ["north", "south"]


def test_files_that_are_not_there_are_the_upstreams_failure(tmp_path: Path) -> None:
    """In a panel, and on the config page."""
    source = connect(f"{tmp_path}/none.parquet")

    with pytest.raises(DownstreamError, match="can't be read"):
        source.query(asked())
    assert source.check_health().status == "error"
    assert connect().check_health().status == "ok"


def test_files_without_the_columns_are_the_upstreams_failure(tmp_path: Path) -> None:
    """The sentence names the column."""
    pl.DataFrame({"time": [START], "region": ["north"]}).write_parquet(tmp_path / "a.parquet")

    with pytest.raises(DownstreamError, match="power"):
        connect(f"{tmp_path}/a.parquet").query(asked())
