"""Queries and settings of an older version of a plugin, through the real host: panels, alert rules, editors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hostclient import Host
from messages import query, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Plugin
    from programs import Programs

DATASOURCE = """
from dataclasses import dataclass
from typing import Annotated, Any
from gfruntime import Frame, Query, Settings, Ui

@dataclass(frozen=True)
class Options:
    host: str = "localhost"

    @staticmethod
    def migrate(old: dict[str, Any]) -> dict[str, Any]:
        if "server" in old:
            old["host"] = old.pop("server").lower()
        return old

@dataclass(frozen=True)
class Model:
    series: str = "sales"
    window: Annotated[float, Ui(minimum=1)] = 5.0
    version: Annotated[int, Ui(widget="hidden")] = 2

    @classmethod
    def migrate(cls, old: dict[str, Any]) -> dict[str, Any]:
        if old.get("version", 1) < 2:
            old["series"] = old.pop("table", "sales")
            old["window"] = old.get("window", 300) / 60
            old["version"] = 2
        return old

class Datasource:
    def __init__(self, settings: Settings[Options]) -> None:
        self.host = settings.options.host

    def query(self, query: Query[Model]) -> list[Frame]:
        of = f"{self.host}/{query.model.series}"
        return Frame.of(time=[query.time_range.start], of=[of], value=[query.model.window]).group_by("of")
"""


@pytest.fixture(scope="module")
def source(programs: Programs, host_program: Path) -> Iterator[Plugin]:
    """Run a data source whose queries and settings had another shape before."""
    executable = programs.variant("migrating", DATASOURCE)
    with Host(host_program) as host:
        yield host.start(executable)


@pytest.mark.parametrize("headers", [{}, {"FromAlert": "true"}], ids=["panel", "alert"])
def test_an_old_query_is_migrated_and_answered(source: Plugin, headers: dict[str, str]) -> None:
    """Queries of old dashboards and alert rules, which no browser has read, work; a failure affects one query."""
    answers = source.query(
        query("A", table="orders", window=600),
        query("B", series="orders", window=10, version=2),
        query("C", table="orders", window="ten minutes"),
        query("D", window=30),
        query("E"),
        settings=settings({"server": "DB"}),
        headers=headers,
    )
    values_by_name = {
        ref: (answer["status"], *answer["frames"][0]["fields"][1]["values"], answer["frames"][0]["fields"][1]["labels"])
        for ref, answer in answers.items()
        if answer["frames"]
    }

    assert values_by_name["A"] == values_by_name["B"] == (200, 10.0, {"of": "db/orders"})
    assert values_by_name["E"] == (200, 5.0, {"of": "db/sales"})
    assert (answers["C"]["status"], answers["C"]["source"]) == (500, "plugin")
    assert answers["C"]["error"].startswith("the query: Model.migrate failed: TypeError: unsupported operand")
    assert (answers["D"]["status"], answers["D"]["error"]) == (
        400,
        "the query: field 'window': 0.5 is below the minimum 1",
    )


def test_editors_get_the_migrated_form_of_an_old_query(source: Plugin) -> None:
    """Old settings are migrated, too."""
    for body, answer in (
        ({"query": {"table": "orders"}}, {"query": {"series": "orders", "window": 5.0, "version": 2}}),
        ({"options": {"server": "DB"}}, {"options": {"host": "db"}}),
    ):
        resource = source.resource("gfplug/migrate", method="POST", body=json.dumps(body).encode())

        assert (resource.code, json.loads(resource.body)) == (200, answer)


def test_settings_that_can_not_be_migrated_are_an_error_of_each_query(source: Plugin) -> None:
    """The process continues, and answers other data sources."""
    sentence = (
        "the data source's settings: Options.migrate failed: AttributeError: 'int' object has no attribute 'lower'"
    )
    answers = source.query(query("A"), query("B"), settings=settings({"server": 5}, uid="ds-2", number=2))

    assert {ref: (answer["status"], answer["error"]) for ref, answer in answers.items()} == dict.fromkeys(
        "AB", (500, sentence)
    )
    assert source.query(query("A"))["A"]["status"] == 200
