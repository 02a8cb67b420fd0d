"""The data source: this is the one file to edit.

It scans Parquet files with polars. The scan is lazy: it applies the time range, the columns and the filters of a query,
and skips the row groups that it does not need. Without files it uses sample data. Replace the columns `time`, `region`
and `power` with your own.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import polars as pl

from gfruntime import DownstreamError, Frame, Health, PluginError, Query, QueryError, Request, Settings, Ui, route

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
POINTS = 5_000  # at most, for one series
ROWS = 500_000  # at most, for all regions of one query
REGIONS = 100  # at most, in the editor
SECOND = timedelta(seconds=1)
LEVELS = {"north": 100.0, "south": 60.0}  # of the sample data
Aggregate = Literal["mean", "sum", "min", "max"]


@dataclass(frozen=True)
class Options:
    """What the data source's config page saves."""

    files: Annotated[
        str,
        Ui(
            label="Parquet files",
            placeholder="/data/power/*.parquet",
            help="A path on Grafana's machine; empty: sample data",
        ),
    ] = ""


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    aggregate: Annotated[Aggregate, Ui(label="Aggregate")] = "mean"
    regions: Annotated[tuple[str, ...], Ui(label="Regions", help="Empty: all regions", options_from="regions")] = ()


class Datasource:
    """One object per configured data source; Grafana makes a new one when its settings change."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.files = settings.options.files

    def query(self, query: Query[Model]) -> list[Frame]:
        """Return the power of each region, in as many steps as the panel can show.

        Raises: QueryError if there are too many rows: a part of them would lack the newest.
        """
        rows = self.read(self.plan(query).head(ROWS + 1))
        if len(rows) > ROWS:
            raise QueryError(f"the result has more than {ROWS:,} rows: choose fewer regions, or longer steps")
        return Frame.from_arrow(rows).group_by("region")

    def plan(self, query: Query[Model]) -> pl.LazyFrame:
        """Plan the query, without reading; `plan(query).explain()` shows which parts the scan does."""
        start, end = (min(max(time, FIRST), LAST) for time in (query.time_range.start, query.time_range.end))
        points = min(max(query.max_data_points, 1), POINTS)
        step = SECOND * -(-max(min(query.interval, end - start), (end - start) / points, SECOND) // SECOND)
        rows = self.scan(start, end).filter(pl.col("time").is_between(start, end, closed="left"))
        if query.model.regions:
            rows = rows.filter(pl.col("region").is_in(query.model.regions))
        power = getattr(pl.col("power"), query.model.aggregate)()
        return rows.group_by(pl.col("time").dt.truncate(step), "region").agg(power).sort("time", "region")

    def scan(self, start: datetime, end: datetime) -> pl.LazyFrame:
        """Return the files as a lazy frame, or the sample data without files."""
        return pl.scan_parquet(self.files) if self.files else sample_data(start, end)

    def read(self, plan: pl.LazyFrame) -> pl.DataFrame:
        """Run a plan on all processors; polars reads large files in parts."""
        try:
            return plan.collect(engine="streaming")
        except (OSError, pl.exceptions.PolarsError) as error:
            raise DownstreamError(f"{self.files} can't be read: {error}") from error

    @route("GET", "/regions")
    def regions(self, _request: Request) -> list[str]:
        """List the regions for the editor."""
        now = datetime.now(UTC)
        names = self.scan(now, now + SECOND).select(pl.col("region").unique().sort()).head(REGIONS)
        return self.read(names)["region"].to_list()

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        try:
            self.read(self.scan(FIRST, FIRST).select("time", "region", "power").head(1))
        except PluginError as error:
            return Health.error(str(error))
        return Health.ok(f"polars {pl.__version__} can read {self.files or 'the sample data'}")


def sample_data(start: datetime, end: datetime) -> pl.LazyFrame:
    """Make one row for each minute and region, or fewer: the north is above 90, the south below."""
    step = max(timedelta(minutes=1), (end - start) / POINTS)
    times = pl.datetime_range(start, end, step, closed="left", eager=True).alias("time")
    wave = (pl.col("time").dt.epoch("s") / 600).sin() * 9
    parts = [
        times.to_frame().lazy().select("time", region=pl.lit(region), power=wave + level)
        for region, level in LEVELS.items()
    ]
    return pl.concat(parts)
