"""Drivers that PyInstaller alone bundles incompletely load, compute and connect in a built plugin."""

import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from building import build, gfplug, must_build
from environments import clean, closure
from projects import new_project

pytestmark = pytest.mark.bundles

DRIVERS = ("adbc-driver-sqlite", "oracledb")
CODE = '''\
"""One driver that computes, and one that connects to a port on which nothing listens."""

import adbc_driver_sqlite.dbapi
import oracledb

from gfruntime import Frame, Health, Query, Settings


class Datasource:
    def __init__(self, settings: Settings) -> None:
        del settings

    def query(self, query: Query) -> Frame:
        with adbc_driver_sqlite.dbapi.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 6 * 7 AS value")
            return Frame.from_arrow(cursor.fetch_arrow_table())

    def check_health(self) -> Health:
        try:
            oracledb.connect(user="x", password="x", dsn="127.0.0.1:9/x")
        except oracledb.Error as error:
            return Health.ok(str(error))
'''
READS_A_FILE = '''\
"""A data source that reads a file beside its code."""

from pathlib import Path

from gfruntime import Frame, Query, Settings


class Datasource:
    def __init__(self, settings: Settings) -> None:
        del settings

    def query(self, query: Query) -> Frame:
        return Frame.of(value=[float(Path(__file__).with_name("value.txt").read_text())])
'''


@pytest.mark.shows("errors: a driver loads its own library")
@pytest.mark.timeout(900)
def test_drivers_that_have_a_hook_compute_and_connect(tmp_path: Path) -> None:
    """ADBC finds its driver's library and version; python-oracledb reaches the network."""
    try:
        closure(DRIVERS)
    except PackageNotFoundError as error:
        pytest.skip(f"install gfplug's extra `dev`: {error}")
    project = new_project(tmp_path / "project")
    (project / "src/plugin/datasource.py").write_text(CODE)
    bundle = must_build(project, python=clean(tmp_path / "environment", project=project, extra=DRIVERS), quick=True)
    query, health = (gfplug("call", what, bundle.dist, "--json") for what in ("query", "health"))

    assert query.code == 0, query.err
    (frame,) = json.loads(query.out)["results"]["A"]["frames"]
    assert frame["data"]["values"] == [[42.0]]
    assert "DPY-6005" in json.loads(health.out)["message"]


@pytest.mark.shows("errors: a file that your code")
@pytest.mark.timeout(900)
def test_a_data_file_missing_in_the_bundle_is_named_with_the_entry_that_adds_it(fresh: Path, tmp_path: Path) -> None:
    """The query that the build sends fails; the hint has the entry for DATA."""
    project = new_project(tmp_path / "project")
    (project / "src/plugin/datasource.py").write_text(READS_A_FILE)
    (project / "src/plugin/value.txt").write_text("42")
    first = build(project, quick=True)

    assert (first.code, fresh.exists()) == (6, True)
    assert "the query failed in the bundle: FileNotFoundError: " in first.err
    entry = '("src/plugin/value.txt", "plugin")'
    assert f"hint: Add it to DATA in plugin.spec: {entry}" in first.err

    spec = project / "plugin.spec"
    spec.write_text(spec.read_text().replace("DATA = []", f"DATA = [{entry}]"))
    query = gfplug("call", "query", must_build(project, quick=True).dist, "--json")
    assert json.loads(query.out)["results"]["A"]["frames"][0]["data"]["values"] == [[42.0]]
