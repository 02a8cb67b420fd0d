"""Projects with large libraries: they freeze, start and answer; the runtime needs none of them."""

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from building import gfplug, must_build
from environments import clean, closure
from projects import new_project

pytestmark = pytest.mark.bundles

LIBRARIES = ("numpy", "pandas", "polars")
CODE = '''\
"""Numbers that pass through three libraries."""

import inspect
import pkgutil
import urllib.request
from concurrent.futures import ProcessPoolExecutor

import numpy
import pandas
import polars
import pyarrow

import gfruntime
from gfruntime import Frame, Health, Query, Settings


class Datasource:
    def __init__(self, settings: Settings) -> None:
        del settings

    def query(self, query: Query) -> Frame:
        times = pandas.date_range(query.time_range.start, query.time_range.end, periods=4)
        table = polars.DataFrame({"value": numpy.sqrt(numpy.array([1.0, 4.0, 9.0, 16.0]))})
        return Frame.of(time=list(times.to_pydatetime()), value=table["value"].to_list())

    def check_health(self) -> Health:
        kept = [each.__name__ for each in (pandas.DataFrame, polars.DataFrame, numpy.matrix) if each.__doc__]
        column = pyarrow.array(pandas.Series([1.0, float("nan")]))  # NaN of pandas is null
        table = pyarrow.table(pandas.DataFrame({"time": pandas.date_range("2026-01-01", periods=2, tz="UTC")}))
        kept.append(f"{column.null_count} {table.to_pandas().time.dt.tz}")
        names = [each.name for each in pkgutil.iter_modules(gfruntime.__path__)]
        kept.append(f"{'frames' in names} {inspect.getsourcefile(Datasource.query).endswith('plugin/datasource.py')}")
        return Health.ok(f"{urllib.request.Request('http://x').host} {ProcessPoolExecutor.__name__} {' '.join(kept)}")
'''


@pytest.mark.shows("errors: a driver loads its own library")
@pytest.mark.timeout(900)
def test_a_project_with_numpy_pandas_and_polars_starts_and_answers(tmp_path: Path) -> None:
    """The answer has the results of all three; libraries that are repaired in their wheels still work after the strip.

    Modules of the standard library that the runtime does not need come with the author's import, and libraries keep
    docstrings: some format them when they are imported.
    """
    try:
        closure(LIBRARIES)
    except PackageNotFoundError as error:
        pytest.skip(f"install gfplug's extra `dev`: {error}")
    project = new_project(tmp_path / "project")
    (project / "src/plugin/datasource.py").write_text(CODE)
    bundle = must_build(project, python=clean(tmp_path / "environment", project=project, extra=LIBRARIES), quick=True)
    query = gfplug("call", "query", bundle.dist, "--json")
    assert query.code == 0, query.err

    (frame,) = json.loads(query.out)["results"]["A"]["frames"]
    assert frame["data"]["values"][1] == [1.0, 2.0, 3.0, 4.0]
    health = gfplug("call", "health", bundle.dist)
    assert health.out.strip() == "OK: x ProcessPoolExecutor DataFrame DataFrame matrix 1 UTC True True"
