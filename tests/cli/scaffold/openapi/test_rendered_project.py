"""Files of a project beside its API's folder: provisioning, compose, and packaging."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml
from openapi_sources import COUNTS, HOSTILE, STATIONS, TEXT, WEATHER, column, operation, parameter, rows
from projects import SALES

from gfplug.errors import UsageError
from gfplug.scaffold import choices, template
from gfplug.scaffold.openapi import upstream_files
from gfplug.scaffold.openapi.stored_model import StoredModel

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.scaffold.openapi.model import DataSource

ANSWERS = replace(SALES, example=choices.UPSTREAM, gfplug="gfplug==0.2.0")  # skips making wheels


def render(source: DataSource, folder: Path) -> Path:
    """Render a project for a description."""
    template.render(ANSWERS, folder, api=upstream_files.write_upstream(StoredModel(source)).data)
    return folder


@pytest.mark.parametrize(
    "source", [WEATHER, HOSTILE, replace(WEATHER, operations=(COUNTS,))], ids=["all", "hostile", "map"]
)
def test_dashboard_and_rule_use_the_provisioned_data_source(tmp_path: Path, source: DataSource) -> None:
    """They send existing operations to the provisioned data source."""
    project = render(source, tmp_path / "project")
    provisioning = project / "provisioning"
    (data_source,) = yaml.safe_load((provisioning / "datasources/datasource.yaml").read_text())["datasources"]
    (group,) = yaml.safe_load((provisioning / "alerting/rules.yaml").read_text())["groups"]
    panels = json.loads((provisioning / "dashboards/example.json").read_text())["panels"]
    query, _, threshold = group["rules"][0]["data"]

    assert data_source["url"] == "http://api-mock:8000"
    assert query["datasourceUid"] == data_source["uid"]
    assert query["model"]["operation"] in json.dumps(panels)
    assert threshold["model"]["conditions"][0]["evaluator"]["type"] == "gt"
    assert "api-mock" in yaml.safe_load((project / "docker-compose.yaml").read_text())["services"]


def test_every_secret_is_provisioned_for_the_mock(tmp_path: Path) -> None:
    """Basic authentication is provisioned, too, if the API has it."""
    text = (render(WEATHER, tmp_path / "p") / "provisioning/datasources/datasource.yaml").read_text()
    (data_source,) = yaml.safe_load(text)["datasources"]

    assert data_source["secureJsonData"] == dict.fromkeys(
        ["token", "key", "session", "account", "basicAuthPassword"], "mock"
    )
    assert (data_source["basicAuth"], data_source["basicAuthUser"]) == (True, "mock")


def test_the_folder_is_packed_and_checked(tmp_path: Path) -> None:
    """It is in the wheel, and mypy checks it."""
    pyproject = tomllib.loads((render(WEATHER, tmp_path / "p") / "pyproject.toml").read_text())

    assert "src/upstream" in pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert "src/upstream" in pyproject["tool"]["mypy"]["files"]
    assert "src/upstream" not in pyproject["tool"]["ruff"]["extend-exclude"]


def test_any_character_can_be_provisioned(tmp_path: Path) -> None:
    """An emoji written as a surrogate pair, or `$name` as a variable, would keep Grafana from starting."""
    states = replace(TEXT, choices=("$top", "\ud83d", "🌡", "\x85"))
    needed = parameter("state", states, is_required=True)
    null = operation("null", "/n", rows([{"🌡": 2}], column("🌡", "number"), column("b", "number")), needed)
    project = render(replace(WEATHER, operations=(null,)), tmp_path / "project")
    text = (project / "provisioning/alerting/rules.yaml").read_text(encoding="utf-8")
    (group,) = yaml.safe_load(text)["groups"]
    (model, *_) = [each["model"] for each in group["rules"][0]["data"]]

    assert "\\ud8" not in text
    assert "$top" not in text
    assert model["null"]["value_columns"] == ["🌡"]
    assert json.loads((project / "provisioning/dashboards/example.json").read_text(encoding="utf-8"))["panels"]


def test_an_api_without_numbers_has_no_alert_rule(tmp_path: Path) -> None:
    """Grafana reads the file without rules."""
    names = operation("names", "/names", rows([{"name": "a"}], column("name")))
    project = render(replace(WEATHER, operations=(names,)), tmp_path / "project")

    assert yaml.safe_load((project / "provisioning/alerting/rules.yaml").read_text())["groups"] == []
    assert len(json.loads((project / "provisioning/dashboards/example.json").read_text())["panels"]) == 1


def test_the_readme_shows_a_query_that_a_shell_can_read(tmp_path: Path) -> None:
    """It is a query without required fields."""
    readme = (render(replace(WEATHER, operations=(STATIONS,)), tmp_path / "p") / "README.md").read_text()

    assert """gfplug call query --url http://localhost:8000 --model '{"operation": "list_stations"}'""" in readme
    assert "python src/upstream/mock.py &" in readme


@pytest.mark.parametrize("options", [{"mode": "hybrid"}, {"frontend": "react"}])
def test_options_that_exclude_a_description_are_refused(options: dict[str, str]) -> None:
    """The error has a hint."""
    with pytest.raises(UsageError) as excinfo:
        replace(ANSWERS, **options)

    assert excinfo.value.hint
