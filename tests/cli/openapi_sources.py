"""Descriptions of APIs in the model's form: one with every feature, and one with hostile texts."""

from __future__ import annotations

import importlib
import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from packages_apart import packages_from

from gfplug.scaffold.openapi import upstream_files
from gfplug.scaffold.openapi.model import (
    Auth,
    BaseUrl,
    Column,
    DataSource,
    Operation,
    OptionsFrom,
    Pagination,
    Parameter,
    Response,
    UrlVariable,
    ValueType,
)
from gfplug.scaffold.openapi.stored_model import StoredModel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

TEXT, WHOLE, REAL, TRUTH = (ValueType(kind=kind) for kind in ("string", "integer", "number", "boolean"))
MOMENT = ValueType(kind="time", wire="rfc3339")


def parameter(name: str, kind: ValueType = TEXT, location: Any = "query", **more: Any) -> Parameter:
    """Make a parameter whose identifier is its name."""
    return Parameter(
        name=name, identifier=more.pop("identifier", name), location=location, type=kind, path=(name,), **more
    )


def operation(name: str, path: str, response: Response, *parameters: Parameter, **more: Any) -> Operation:
    """Make an operation whose identifier is its name."""
    arguments = {
        "method": "GET",
        "summary": "",
        "description": "",
        "accept": "application/json",
        "place": "/paths",
        **more,
    }
    return Operation(
        name=name,
        identifier=arguments.pop("identifier", name),
        path=path,
        parameters=parameters,
        response=response,
        **arguments,
    )


def rows(example: Any, *columns: Column, path: tuple[str, ...] = (), shape: Any = "array") -> Response:
    """Make a response."""
    return Response(row_path=path, shape=shape, columns=columns, example=json.dumps(example))


def column(name: str, kind: Any = "string", **more: Any) -> Column:
    """Make a column whose path is its name."""
    return Column(name=name, path=tuple(name.split(".")), kind=kind, **more)


STATION = {"id": 7, "name": "Potsdam", "kind": "sea", "place": {"lat": 52.4}, "tags": ["old"], "active": True}
READING = {"at": "2026-01-01T00:00:00Z", "celsius": 1.5, "quality": "good", "labels": {"site": "roof"}}
STATIONS = operation(
    "list_stations",
    "/stations",
    rows(
        {"items": [STATION, {**STATION, "id": 8, "kind": "lake"}], "next": None},
        column("id", "integer"),
        column("name"),
        column("kind", is_label=True, choices=("sea", "lake")),
        column("place.lat", "number"),
        column("tags", "json"),
        column("active", "boolean"),
        path=("items",),
    ),
    parameter("kind", ValueType(kind="string", choices=("sea", "lake")), description='Only of this "kind"'),
    parameter("ids[]", replace(WHOLE, is_list=True), identifier="ids"),
    parameter("fields", replace(TEXT, is_list=True), separator=",", default=("id", "name")),
    parameter("limit", replace(WHOLE, minimum=1, maximum=100)),
    parameter("cursor"),
    parameter("active", TRUTH),
    parameter("sort", default="a sentence about what the server does where nothing is said here"),
    summary="Stations",
    auth=(("token",), ("key",)),
    pagination=Pagination(kind="cursor", parameter="cursor", size_parameter="limit", size=100, next_path=("next",)),
)
READINGS = operation(
    "list_readings",
    "/stations/{stationId}/readings",
    rows(
        [READING, {**READING, "at": "2026-01-01T00:01:00Z", "celsius": 2.5}],
        column("at", "time", wire="rfc3339"),
        column("celsius", "number"),
        column("quality", is_label=True, choices=("good", "poor")),
        column("labels", "json", is_label=True),
    ),
    parameter(
        "stationId",
        WHOLE,
        "path",
        identifier="station_id",
        is_required=True,
        options_from=OptionsFrom(operation="list_stations", value="id", label="name"),
    ),
    parameter("from", MOMENT, identifier="from_", is_required=True, bound="start"),
    parameter("to", MOMENT, bound="end"),
    parameter("page", WHOLE),
    parameter("unit", ValueType(kind="string", choices=("celsius", "kelvin")), is_required=True, default="celsius"),
    parameter("X-Tenant", TEXT, "header", identifier="x_tenant"),
    summary="Readings of a station",
    auth=(("token",), ("login",)),
    pagination=Pagination(kind="page", parameter="page", first=0),
    error_path=("fault", "text"),
)
COUNTS = operation(
    "counts",
    "/counts",
    rows(
        {"sea": 3, "lake": 4},
        Column(name="kind", path=(), kind="string", is_key=True, is_label=True),
        Column(name="value", path=(), kind="integer"),
        shape="map",
    ),
    auth=(),
)
SEARCH = operation(
    "search",
    "/search",
    rows({"total": 5}, column("total", "integer"), shape="object"),
    Parameter(name="text", identifier="text", location="body", type=TEXT, path=("query", "text"), is_required=True),
    Parameter(name="near", identifier="near", location="body", type=ValueType(kind="json"), path=("query", "near")),
    parameter("show", TRUTH),
    method="POST",
    body_type="application/json",
    auth=(("key", "session"),),
)
OLD = operation(
    "old_readings",
    "/old",
    rows([{"when": 1767225600, "mm": 3}], column("when", "time", wire="seconds"), column("mm", "integer")),
    base_urls=(BaseUrl(template="https://archive.example", url="https://archive.example"),),
    pagination=Pagination(kind="link"),
    auth=(("account",),),
)
EU = UrlVariable(name="region", identifier="region", default="eu", choices=("eu", "us"))
WEATHER = DataSource(
    title="Weather",
    version="1",
    description="Stations and what they measure.",
    base_urls=(BaseUrl(template="https://{region}.example/v1", url="https://eu.example/v1", variables=(EU,)),),
    auth=(
        Auth(name="token", identifier="token", kind="bearer"),
        Auth(name="key", identifier="key", kind="api_key", key_name="api_key", key_location="query"),
        Auth(name="session", identifier="session", kind="api_key", key_name="sid", key_location="cookie"),
        Auth(name="login", identifier="login", kind="basic"),
        Auth(
            name="account",
            identifier="account",
            kind="oauth2",
            flow="client_credentials",
            token_url="https://login.example/token",  # noqa: S106 - an address
            scopes=(("read", "Read"), ("list", "List")),
        ),
    ),
    operations=(STATIONS, READINGS, COUNTS, SEARCH, OLD),
)

ATTACK = (
    '"""\n\'\'\'\\" + __import__("os").system("touch hacked") + f"{1/0}" # {x} \u202e \x00 \ud800 \N{ZERO WIDTH SPACE}'
)
LONG = [
    parameter(f"note{n}", ValueType(kind="string", choices=("x" * n,)), default="x" * n) for n in (90, 96, 104, 120)
]
HOSTILE = DataSource(
    title=ATTACK,
    version=ATTACK,
    description=ATTACK,
    base_urls=(BaseUrl(template="https://x.example", url="https://x.example", description=ATTACK),),
    auth=(
        Auth(name=ATTACK, identifier="url", kind="api_key", key_name=ATTACK, key_location="header", description=ATTACK),
    ),
    operations=(
        operation(
            ATTACK,
            f"/{ATTACK}",
            rows(
                [{ATTACK: 1.5, "at": "2026-01-01"}],
                Column(name=ATTACK, path=(ATTACK,), kind="number", description=ATTACK),
                column("at", "time", wire="date"),
                Column(name="__class__", path=("__class__",), kind="string", is_label=True),
            ),
            Parameter(
                name=ATTACK,
                identifier="show",
                location="query",
                type=ValueType(kind="string", choices=(ATTACK, "__class__", "")),
                path=(ATTACK,),
                default=ATTACK,
                description=ATTACK,
                example=ATTACK,
            ),
            parameter("str", description=ATTACK * 50),
            parameter("l" * 60, WHOLE, example=ATTACK),
            identifier="datasource",
            summary=ATTACK,
            auth=((ATTACK,),),
        ),
        operation("model", "/model", rows([], column("n" * 5000, "integer")), *LONG, identifier="model"),
    ),
)


@contextmanager
def import_source(source: DataSource, folder: Path) -> Iterator[dict[str, ModuleType]]:
    """Write the folder of a source below another one, import its modules, and forget them afterwards."""
    for path, content in upstream_files.write_upstream(StoredModel(source)).files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    with packages_from(folder / "src"):
        yield {name: importlib.import_module(f"upstream.{name}") for name in ("endpoints", "mock", "models")} | {
            "api": importlib.import_module("upstream")
        }
