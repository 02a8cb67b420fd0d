"""The data source: a pandas DataFrame, from a Parquet file. It needs `pandas` in the dependencies of pyproject.toml."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd  # type: ignore[import-untyped,unused-ignore]  # pandas-stubs may be absent
import pyarrow.parquet  # type: ignore[import-untyped,unused-ignore]  # noqa: F401  # pandas imports it by name

from gfruntime import DownstreamError, Frame, Health, Query, QueryError, Settings, TimeRange, Ui

FIRST, LAST = datetime(1678, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC)
POINTS = 10_000  # of one series, however many are asked for


@dataclass(frozen=True)
class Options:
    """What the config page saves."""

    path: Annotated[str, Ui(label="Parquet file", help="Columns time, region, amount; empty for an example")] = ""


@dataclass(frozen=True)
class Model:
    """What the query editor sends."""

    region: Annotated[str, Ui(label="Region", help="Empty for all")] = ""
    aggregate: Annotated[Literal["mean", "sum", "max"], Ui(label="Aggregate")] = "mean"


class Datasource:
    """One object per configured data source."""

    def __init__(self, settings: Settings[Options]) -> None:
        self.path = settings.options.path

    def query(self, query: Query[Model]) -> Frame:
        """Answer the sales of each region, as many points as the panel has room for."""
        span, model = query.time_range, query.model
        if not FIRST <= span.start <= span.end <= LAST:
            raise QueryError(f"pandas knows times from {FIRST:%Y} to {LAST:%Y}, the start before the end")
        table = self.read(span)
        if model.region:
            table = table[table["region"] == model.region]
        points = min(max(query.max_data_points, 1), POINTS)
        step = max(min(query.interval, span.duration), span.duration / points)
        grid = pd.Grouper(key="time", freq=pd.Timedelta(step).ceil("1s"))
        wide = table.groupby([grid, "region"])["amount"].agg(model.aggregate).unstack("region")
        return Frame.from_pandas(wide)  # the index is the time; "region" becomes a label of each column

    def check_health(self) -> Health:
        """Answer the button "Save & test"."""
        if self.path and not Path(self.path).is_file():
            return Health.error(f"{self.path} does not exist")
        return Health.ok(f"pandas {pd.__version__}")

    def read(self, span: TimeRange) -> pd.DataFrame:
        """Read the rows of a time range."""
        if not self.path:
            return example(span)
        try:
            table = pd.read_parquet(self.path)
        except (OSError, ValueError) as error:
            raise DownstreamError(f"{self.path} cannot be read: {error}") from error
        return table[(table["time"] >= span.start) & (table["time"] < span.end)]


def example(span: TimeRange) -> pd.DataFrame:
    """Make a row a minute and region, or fewer: north above 100, south below."""
    step = pd.Timedelta(max(timedelta(minutes=1), span.duration / POINTS))
    times = pd.date_range(span.start, span.end, freq=step, inclusive="left")
    wave = 20 * np.abs(np.sin(np.arange(len(times)) / 10))
    parts = [
        pd.DataFrame({"time": times, "region": region, "amount": level + wave})
        for region, level in (("north", 101.0), ("south", 60.0))
    ]
    return pd.concat(parts, ignore_index=True)
