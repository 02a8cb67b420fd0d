"""The modules generated from a description are safe, typed, and described as a build needs."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from openapi_sources import ATTACK, COUNTS, HOSTILE, OLD, READINGS, SEARCH, STATIONS, WEATHER, import_source

from gfplug.scaffold.openapi import upstream_files
from gfplug.scaffold.openapi.stored_model import StoredModel
from gfruntime import Query, Settings
from gfruntime.author import schema

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {"weather": WEATHER, "hostile": HOSTILE}


def test_the_same_description_gives_the_same_bytes() -> None:
    """The files have the same order."""
    first, second = (upstream_files.write_upstream(StoredModel(WEATHER)) for _ in range(2))

    assert list(first.files.items()) == list(second.files.items())
    assert first.data == second.data


def test_no_text_of_a_description_becomes_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are literals with the same value; none of them runs."""
    monkeypatch.chdir(tmp_path)
    with import_source(HOSTILE, tmp_path) as modules:
        endpoint = modules["endpoints"].ENDPOINTS["datasource_query"]
        model = modules["models"].Model()
        credential = modules["endpoints"].CREDENTIALS[ATTACK]

    assert endpoint.path == f"/{ATTACK}"
    assert endpoint.columns[0].keys == (ATTACK,)
    assert model.datasource_query.show_parameter == ATTACK
    assert (credential.name, credential.option) == (ATTACK, "url_secret")
    assert not (tmp_path / "hacked").exists()


def test_the_generated_code_calls_only_known_functions() -> None:
    """Each called name is in a short list."""
    files = upstream_files.write_upstream(StoredModel(HOSTILE)).files
    functions = {
        ast.unparse(node.func)
        for name in ("models", "endpoints")
        for node in ast.walk(ast.parse(files[f"src/upstream/{name}.py"]))
        if isinstance(node, ast.Call)
    }

    assert functions <= {
        *("dataclass", "Ui", "Address", "Choices", "Column", "Credential", "Endpoint", "Pages", "Parameter"),
        *("HttpOptions", "OAuth2Options", "Secret", "Model", "ModelQuery", "Datasource"),
    }


@pytest.mark.parametrize("name", SOURCES)
def test_the_editors_can_show_the_dataclasses(tmp_path: Path, name: str) -> None:
    """The runtime describes them as for a build."""
    with import_source(SOURCES[name], tmp_path) as modules:
        models: Any = modules["models"]

        class Datasource:
            def __init__(self, settings: Any) -> None: ...
            def query(self, query: Any) -> Any: ...
            def call_resource(self, request: Any) -> Any: ...

        settings, question = cast("Any", Settings), cast("Any", Query)
        Datasource.__init__.__annotations__["settings"] = settings[models.Options]
        Datasource.query.__annotations__["query"] = question[models.Model]
        document = schema.describe(Datasource)

    names = [field["name"] for field in document["query"]["fields"]]
    assert names[0] == "operation"
    if name == "weather":
        station = next(field for field in document["query"]["fields"] if field["name"] == "list_readings.station_id")
        assert station["from"] == "choices/list_readings.station_id"
        assert station["required"]
        assert station["showIf"] == {"operation": ["list_readings"]}
        assert not {"list_readings.from_", "list_readings.to", "list_readings.page"} & set(names)
        assert [field["name"] for field in document["config"]["fields"]][:2] == ["url", "region"]


def test_choices_have_the_type_of_their_parameter() -> None:
    """They are texts, integers, lists, and empty ones."""
    from gfplug.scaffold.openapi.class_names import ClassNames  # noqa: PLC0415
    from gfplug.scaffold.openapi.operation_fields import plan_classes  # noqa: PLC0415

    classes = plan_classes(WEATHER, ClassNames())
    types = {f"{each.name}.{field.name}": field.annotation for each in classes for field in each.fields}

    assert types["list_stations.kind"] == "Kind | None"
    assert types["list_stations.ids"] == "tuple[int, ...]"
    assert types["list_stations.active"] == "bool | None"
    assert types["list_readings.unit"] == "Unit"
    assert types["list_readings.station_id"] == "str"
    assert types["search.show_parameter"] == "bool | None"
    assert [each.name for each in classes] == [each.identifier for each in (STATIONS, READINGS, COUNTS, SEARCH, OLD)]


def test_example_queries_prefer_operations_without_required_fields() -> None:
    """The alert rule reads a number; its threshold is below the example's value."""
    data = upstream_files.write_upstream(StoredModel(WEATHER)).data
    only = upstream_files.write_upstream(StoredModel(replace(WEATHER, operations=(STATIONS, READINGS)))).data

    assert json.loads(data["table_query"])["operation"] == "list_stations"
    assert json.loads(only["rule_query"])["list_stations"]["show"] == "numbers"
    assert (data["has_rule"], data["threshold"]) == (True, 51)
