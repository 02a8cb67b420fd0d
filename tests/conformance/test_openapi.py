"""A data source generated from an API's description answers the host, with a mock in place of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from messages import query, settings
from programs import HERE

from gfplug.host import api_mock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Host
    from programs import Programs

WEATHER = HERE.parent / "fixtures" / "openapi" / "weather.yaml"


@pytest.fixture(scope="module")
def launcher(programs: Programs) -> Path:
    """Return an executable that runs the data source from source."""
    return programs.launched("openapi", example="", options=["--openapi", str(WEATHER)])


@pytest.fixture(scope="module")
def source(programs: Programs) -> Iterator[dict[str, Any]]:
    """Describe a data source that uses the mock."""
    with api_mock.running(programs.project("openapi", example="", options=["--openapi", str(WEATHER)])) as url:
        yield settings({}, secrets={"token": "secret"}, url=url)


def test_a_data_source_from_an_openapi_description_answers(host: Host, launcher: Path, source: dict[str, Any]) -> None:
    """The data source answers health, a typed table, series that alert rules read, and an error with a sentence."""
    plugin = host.start(launcher)

    assert plugin.health(source)["status"] == "OK"
    table = plugin.query(query(operation="list_stations"), settings=source)["A"]
    columns = {field["name"]: field["type"].removeprefix("*") for field in table["frames"][0]["fields"]}
    assert columns["id"] == "int64"
    assert columns["place.lat"] == "float64"
    readings = {"station_id": "7", "show": "series", "label_columns": ["quality"]}
    series = plugin.query(query(operation="list_readings", list_readings=readings), settings=source)["A"]
    assert [frame["fields"][1]["labels"] for frame in series["frames"]] == [{"quality": "good"}, {"quality": "poor"}]
    assert all(frame["meta"]["type"] == "timeseries-multi" for frame in series["frames"])
    missing = plugin.query(query(operation="list_readings"), settings=source)["A"]
    assert (missing["status"], "a value is required" in missing["error"]) == (400, True)
