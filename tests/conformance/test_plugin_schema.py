"""`schema/v0alpha1.json` as the Go SDK reads it: no key is lost, and dashboards' queries match it."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest
from hostclient import Host, HostError
from programs import HERE

from gfruntime import Frame, HttpOptions, Query, Request, Response, Secret, Settings, Ui, route
from gfruntime.author import plugin_schema, schema
from gfruntime.author.author_class import Author

ROOT = HERE.parents[1]
FILES = {
    "signals": "template/project/src/plugin/datasource.py",
    "http": "template/examples/http/src/plugin/datasource.py",
    "stream": "template/examples/stream/src/plugin/datasource.py",
    "sql": "template/examples/sql/src/plugin/datasource.py",
}


class Reduce(Enum):
    """How a bucket becomes one number."""

    MEAN = "mean"
    LAST = "last"


@dataclass(frozen=True)
class Limits:
    """Inner options."""

    rows: Annotated[int, Ui(help="At most", minimum=1, maximum=1000)] = 100
    ratio: float = 0.5


@dataclass(frozen=True)
class Options:
    """Where the data comes from."""

    http: HttpOptions = HttpOptions()  # noqa: RUF009  # frozen, as authors write it
    tenant: Annotated[str, Ui(label="Tenant", required=True, pattern="[a-z]+")] = ""
    token: Annotated[Secret, Ui(help="From your profile", required=True)] = Secret("")
    limits: Limits = Limits()


@dataclass(frozen=True)
class Filter:
    """One row of the filters."""

    column: str = ""
    operator: Literal["=", "!="] = "="
    value: float | None = None


@dataclass(frozen=True)
class Model:
    """What a panel asks."""

    table: Annotated[str, Ui(options_from="tables")] = "sales"
    reduce: Reduce = Reduce.MEAN
    level: Literal[1, 2, 3] = 1
    mixed: Literal["all", 1] = "all"
    columns: list[str] = field(default_factory=lambda: ["a"])
    numbers: Annotated[list[int], Ui(minimum=0)] = field(default_factory=list)
    kinds: list[Literal["x", "y"]] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=lambda: [Filter("region")])
    limits: Limits = Limits()
    raw: bool = False
    code: Annotated[str, Ui(widget="code", language="sql")] = ""
    version: Annotated[int, Ui(widget="hidden")] = 2
    since: float | None = None


@dataclass(frozen=True)
class VariableModel:
    """What the choices of a variable are."""

    of: str = "tables"


class Everything:
    """A data source with a field of every kind."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[Model]) -> Frame:  # noqa: ARG002
        """Answer nothing."""
        return Frame()

    def query_variable(self, query: Query[VariableModel]) -> Frame:  # noqa: ARG002
        """Answer nothing."""
        return Frame()

    @route("GET", "/tables")
    def tables(self, request: Request) -> Response:  # noqa: ARG002
        """List the tables.

        Those that the token may read.
        """
        return Response.json([])

    @route("DELETE", "/tables/{table}/{path...}")
    def remove(self, request: Request, table: str, path: str) -> None:
        """Remove a part of a table."""


def load(name: str) -> type:
    """Import a project's data source."""
    if name == "everything":
        return Everything
    spec = importlib.util.spec_from_file_location(f"schema_of_{name}", ROOT / FILES[name])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    kind: type = module.Datasource
    return kind


def document(name: str) -> dict[str, Any]:
    """Describe a project's plugin."""
    kind = load(name)
    return json.loads(json.dumps(plugin_schema.describe(Author.of(kind), schema.describe(kind))))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", [*FILES, "everything"])
def test_the_sdk_reads_the_whole_schema_document(sdk: Host, name: str) -> None:
    """The document that the SDK writes equals its input."""
    ours = document(name)
    theirs = sdk.ask("plugin_schema", text=json.dumps(ours), plugin_id="acme-sales-datasource")

    assert theirs["schema"] == ours


@pytest.mark.parametrize("name", [*FILES, "everything"])
def test_the_defaults_are_valid_in_the_sdks_schema(sdk: Host, name: str) -> None:
    """The defaults of a saved dashboard are valid; a value of another type is not."""
    ours = document(name)
    go_values = sdk.ask("plugin_schema", text=json.dumps(ours), plugin_id="acme-sales-datasource")["saved"]
    judge = jsonschema.Draft4Validator(go_values)
    for example in ours["queryExamples"]["examples"]:
        kind = {"queryType": example["queryType"]} if example["queryType"] else {}
        assert not list(judge.iter_errors({"refId": "A", **kind, **example["saveModel"]})), example
        first = next(iter(example["saveModel"]))
        assert list(judge.iter_errors({"refId": "A", **kind, **example["saveModel"], first: {"no": "such"}}))


def test_keys_that_the_sdk_does_not_know_are_detected(sdk: Host) -> None:
    """A misspelled key is found."""
    ours = document("everything")
    ours["settings"]["secureValues"][0]["describtion"] = "x"

    with pytest.raises(HostError, match="describtion"):
        sdk.ask("plugin_schema", text=json.dumps(ours), plugin_id="x")


def test_every_kind_of_field_is_described() -> None:
    """The document has types, limits, choices with labels, secrets, nested fields, and paths with parameters."""
    ours = document("everything")
    query = ours["queryTypes"]["items"][0]["spec"]["schema"]["properties"]
    settings = ours["settings"]["spec"]["properties"]

    assert query["reduce"]["enum"] == ["mean", "last"]
    assert query["reduce"]["x-enum-description"] == {"mean": "Mean", "last": "Last"}
    assert (query["level"]["type"], query["level"]["enum"]) == ("integer", [1, 2, 3])
    assert "type" not in query["mixed"]
    assert query["numbers"]["items"] == {"type": "integer", "minimum": 0}
    assert query["kinds"]["items"] == {"type": "string", "enum": ["x", "y"]}
    assert query["filters"]["items"]["properties"]["value"]["type"] == ["number", "null"]
    assert query["filters"]["default"] == [{"column": "region", "operator": "=", "value": None}]
    assert query["limits"]["properties"]["rows"]["maximum"] == 1000
    assert query["version"]["type"] == "integer"
    assert query["queryType"] == {"type": "string", "not": {"enum": ["variable"]}}
    assert settings["jsonData"]["required"] == ["tenant"]
    assert settings["jsonData"]["properties"]["tenant"]["pattern"] == "^(?:[a-z]+)?$"
    assert settings["jsonData"]["patternProperties"] == {"^httpHeaderName[0-9]+$": {"type": "string"}}
    assert {"url", "basicAuth", "basicAuthUser", "jsonData"} == settings.keys()
    assert {"key": "token", "description": "From your profile", "required": True} in ours["settings"]["secureValues"]
    assert ours["settings"]["spec"]["description"] == "Where the data comes from."
    assert ours["queryTypes"]["items"][1]["spec"]["description"] == "What the choices of a variable are."
    remove = ours["routes"]["paths"]["/resources/tables/{table}/{path}"]["delete"]
    assert [each["name"] for each in remove["parameters"]] == ["table", "path"]
    assert ours["routes"]["paths"]["/resources/tables"]["get"]["summary"] == "List the tables."
