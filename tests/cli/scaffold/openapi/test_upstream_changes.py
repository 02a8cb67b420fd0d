"""What another description changes for those who ask."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from openapi_sources import COUNTS, READINGS, SEARCH, STATIONS, TEXT, WEATHER, WHOLE, column, parameter

from gfplug.scaffold.openapi import upstream_changes

if TYPE_CHECKING:
    from gfplug.scaffold.openapi.model import DataSource, Operation


def weather(*operations: Operation) -> DataSource:
    """Make a weather with these operations."""
    return replace(WEATHER, operations=operations)


def said(old: DataSource, new: DataSource) -> list[str]:
    """Write the changes as they are shown."""
    changes = upstream_changes.compare(old, new)
    return [f"{'!' if change.is_breaking else '+'} {change.message}" for change in changes]


def test_the_same_description_changes_nothing() -> None:
    """Nor do other words for the same things."""
    other = replace(
        WEATHER, description="New", operations=tuple(replace(each, summary="New") for each in WEATHER.operations)
    )

    assert said(WEATHER, WEATHER) == []
    assert said(WEATHER, other) == []


def test_operations_come_and_go() -> None:
    """Those that go come first."""
    assert said(weather(STATIONS, COUNTS), weather(STATIONS, SEARCH)) == [
        "! operation counts is gone",
        "+ operation search is new",
    ]


@pytest.mark.parametrize(
    ("after", "message"),
    [
        (replace(STATIONS, parameters=STATIONS.parameters[1:]), "! parameter list_stations.kind is gone"),
        (
            replace(STATIONS, parameters=(*STATIONS.parameters, parameter("near"))),
            "+ parameter list_stations.near is new",
        ),
        (
            replace(STATIONS, parameters=(*STATIONS.parameters, parameter("near", is_required=True))),
            "! parameter list_stations.near is new, and required",
        ),
        (
            replace(
                STATIONS,
                parameters=(
                    replace(STATIONS.parameters[1], type=TEXT),
                    *STATIONS.parameters[2:],
                    STATIONS.parameters[0],
                ),
            ),
            "! parameter list_stations.ids was a list of integer and is string",
        ),
        (
            replace(
                STATIONS,
                parameters=(
                    replace(
                        STATIONS.parameters[0],
                        type=replace(STATIONS.parameters[0].type, choices=("sea", "lake", "bog")),
                    ),
                    *STATIONS.parameters[1:],
                ),
            ),
            "+ parameter list_stations.kind may be 'bog', too",
        ),
        (
            replace(
                STATIONS,
                parameters=(
                    replace(STATIONS.parameters[0], type=replace(STATIONS.parameters[0].type, choices=("sea",))),
                    *STATIONS.parameters[1:],
                ),
            ),
            "! parameter list_stations.kind may not be 'lake' any more",
        ),
        (replace(STATIONS, path="/all"), "+ operation list_stations was GET /stations and is GET /all"),
        (replace(STATIONS, pagination=None), "+ operation list_stations has no pages any more"),
    ],
)
def test_an_operation_changes(after: Operation, message: str) -> None:
    """What it asks for, and where."""
    assert message in said(weather(STATIONS), weather(after))


def test_columns_change() -> None:
    """A dashboard names them."""
    columns = READINGS.response.columns
    other = (columns[0], replace(columns[1], kind="string"), column("wind", "number"), columns[3])
    after = replace(READINGS, response=replace(READINGS.response, columns=other))

    assert said(weather(STATIONS, READINGS), weather(STATIONS, after)) == [
        "! column list_readings.celsius was number and is string",
        "! column list_readings.quality is gone",
        "+ column list_readings.wind is new",
    ]


def test_options_change() -> None:
    """What is provisioned names them."""
    after = replace(weather(COUNTS), base_urls=(), auth=WEATHER.auth[1:])

    assert said(weather(COUNTS), after) == ["! option region is gone", "! option token is gone"]


def test_a_number_may_become_whole() -> None:
    """It is another type all the same."""
    before = replace(SEARCH, parameters=(*SEARCH.parameters, parameter("count", WHOLE)))

    assert said(weather(before), weather(SEARCH)) == ["! parameter search.count is gone"]
