"""Names with a meaning for Grafana, HTTP settings, or gfplug's resource are refused where they would collide."""

from __future__ import annotations

import dataclasses
import functools
from typing import Annotated, Any, Literal

import pytest
from forms import datasource, one

from gfruntime import route
from gfruntime.author.controls import SchemaError
from gfruntime.author.schema import describe
from gfruntime.author.ui import HttpOptions, Secret, Ui

_QUERY = (
    *("refId", "hide", "key", "datasource", "datasourceId", "queryType", "intervalMs", "maxDataPoints"),
    *("timeRange", "resultAssertions", "queryCachingTTL"),
)


@pytest.mark.parametrize("name", _QUERY)
def test_a_query_has_no_field_that_grafana_sets(name: str) -> None:
    """Grafana would overwrite the field, or the plugin would never get it; an option may have the name."""
    with pytest.raises(SchemaError, match=f"^Model.{name}: Grafana sets {name} on every query; choose another name$"):
        one(str, "", name=name)

    assert one(str, "", name=name, config=True)["name"] == name


@pytest.mark.parametrize("name", ["ref_id", "time_range", "interval_ms", "Hide", "data_source"])
def test_names_that_only_resemble_grafanas_are_accepted(name: str) -> None:
    """Grafana compares letter by letter, so these names do not collide."""
    assert one(str, "", name=name)["name"] == name


@pytest.mark.shows("errors: a field with a name")
@pytest.mark.parametrize(
    ("name", "hint", "default", "sentence"),
    [
        ("jsonData", str, "", "Grafana stores its own jsonData for every data source"),
        ("secureJsonData", str, "", "Grafana stores its own secureJsonData"),
        ("teamHttpHeaders", list[str], list, "Grafana stores its own teamHttpHeaders"),
        ("tlsClientKey", str, "", "Grafana stores tlsClientKey encrypted; make it a Secret"),
        ("httpHeaderValue1", str, "", "Grafana stores httpHeaderValue1 encrypted; make it a Secret"),
        ("basicAuthPassword", str, "", "Grafana stores basicAuthPassword encrypted"),
        ("httpHeaderName1", Secret, Secret(""), "Grafana reads httpHeaderName1 as a text in jsonData; make it a str"),
        ("httpHeaderName2", int, 1, "Grafana reads httpHeaderName2 as a text"),
        ("oauthPassThru", str, "", "Grafana reads oauthPassThru as true or false; make it a bool"),
        ("tlsSkipVerify", Literal["yes", "no"], "no", "Grafana reads tlsSkipVerify as true or false"),
        ("keepCookies", str, "", "Grafana reads keepCookies as names of cookies; make it a list"),
    ],
)
def test_an_option_is_kept_where_grafana_looks_for_it(name: str, hint: Any, default: Any, sentence: str) -> None:
    """An option with one of Grafana's names has Grafana's type and place."""
    with pytest.raises(SchemaError, match=f"^Options.{name}: {sentence}"):
        one(hint, default, name=name, config=True)


@pytest.mark.parametrize(
    ("name", "hint", "default"),
    [
        ("tlsClientKey", Secret, Secret("")),
        ("tlsCACert", Annotated[Secret, Ui(widget="textarea")], Secret("")),
        ("httpHeaderName1", str, "X-Key"),
        ("httpHeaderValue1", Secret, Secret("")),
        ("oauthPassThru", bool, False),
        ("oauthPassThru", Annotated[bool, Ui(widget="hidden")], True),
        ("keepCookies", list[str], list),
        ("database", str, ""),
    ],
)
def test_an_option_of_grafanas_type_is_accepted(name: str, hint: Any, default: Any) -> None:
    """The author may show one of Grafana's own settings."""
    assert one(hint, default, name=name, config=True)["name"] == name


@pytest.mark.parametrize(
    ("name", "hint", "default", "sentence"),
    [
        ("url", str, "", "HttpOptions has a field of this name, a text kept in the data source's URL"),
        ("basicAuth", bool, False, "HttpOptions has a field of this name, true or false kept in the data"),
        ("timeout", str, "", "HttpOptions has a field of this name, a number kept in jsonData"),
        ("serverName", Annotated[str, Ui(widget="hidden")], "", "HttpOptions has a field of this name, a text"),
        ("httpHeaderName1", str, "", "the HTTP settings store their headers there"),
        ("httpHeaderValue9", Secret, Secret(""), "the HTTP settings store their headers there"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_an_option_that_collides_with_the_http_settings_is_refused(
    name: str, hint: Any, default: Any, sentence: str, *, is_first: bool
) -> None:
    """One of the two would be lost, in any order."""
    both = [(name, hint, dataclasses.field(default=default)), ("http", HttpOptions, HttpOptions())]
    form = dataclasses.make_dataclass("Options", both if is_first else both[::-1], frozen=True)

    with pytest.raises(SchemaError, match=f"^Options.{name}: {sentence}"):
        describe(datasource(options=form))


@pytest.mark.parametrize("is_first", [True, False])
def test_an_option_equal_to_one_of_the_http_settings_replaces_it(*, is_first: bool) -> None:
    """With the same type and place the author's option appears once, with its default."""
    both = [("timeout", int, 5), ("http", HttpOptions, HttpOptions())]
    form = dataclasses.make_dataclass("Options", both if is_first else both[::-1], frozen=True)
    fields = describe(datasource(options=form))["config"]["fields"]

    assert [field["default"] for field in fields if field["name"] == "timeout"] == [5]
    assert not any("group" in field for field in fields)


def _passes_on(method: Any) -> Any:
    @functools.wraps(method)
    def run(*args: Any, **values: Any) -> Any:
        return method(*args, connection=None, **values)

    return run


class Base:
    """A class that answers queries."""

    def query(self, query: Any) -> None:
        """Answer a query."""


class _Reserved(Base):
    @route("GET", "/gfplug/schema")
    def schema(self, request: Any) -> None: ...


class _ReservedToo(Base):
    @route("POST", "/gfplug/migrate")
    def migrate(self, request: Any) -> None: ...


class _Twice(Base):
    @route("GET", "/tables/{one}")
    def first(self, request: Any, one: str) -> None: ...
    @route("get", "/tables/{two}/")
    def second(self, request: Any, two: str) -> None: ...


class _Lacks(Base):
    @route("GET", "/tables/{table}")
    def columns(self, request: Any) -> None: ...


class _Other(Base):
    @route("GET", "/tables/{table}")
    def columns(self, request: Any, name: str) -> None: ...


class _PartRequest(Base):
    @route("GET", "/tables/{request}")
    def columns(self, request: Any) -> None: ...


class _More(Base):
    @route("GET", "/tables")
    def tables(self, request: Any, limit: int) -> None: ...


@pytest.mark.shows("errors: a field with a name")
@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (_Reserved, "_Reserved.schema: gfruntime answers the resource /gfplug/schema itself; choose another path"),
        (
            _ReservedToo,
            "_ReservedToo.migrate: gfruntime answers the resource /gfplug/migrate itself; choose another",
        ),
        (_Twice, "_Twice.second: GET /tables/{two} is answered by first already; remove one of them"),
        (_Lacks, r"_Lacks.columns can't be called for /tables/{table}: .*must be \(self, request, table\)"),
        (_Other, "_Other.columns can't be called for /tables/{table}: missing a required argument: 'name'"),
        (
            _PartRequest,
            "_PartRequest.columns can't be called for /tables/{request}: multiple values for argument 'request'",
        ),
        (_More, "_More.tables can't be called for /tables: missing a required argument: 'limit'"),
    ],
)
def test_a_route_that_could_never_answer_is_refused(kind: type, sentence: str) -> None:
    """The first request would fail, or never reach the route."""
    with pytest.raises(SchemaError, match=f"^{sentence}"):
        describe(kind)


def test_routes_that_answer_are_described() -> None:
    """Routes may be static or decorated methods, take the rest of a path, or share a path with another method."""

    class Datasource(Base):
        @staticmethod
        @route("GET", "/static/{part}")
        def static(request: Any, part: str) -> None: ...
        @route("GET", "/wrapped/{part}")
        @_passes_on
        def through_decorator(self, request: Any, part: str, connection: Any) -> None: ...
        @route("GET", "/gfplug/{rest...}")
        def rest(self, request: Any, rest: str) -> None: ...
        @route("GET", "/both")
        @route("POST", "/both")
        def both(self, request: Any, limit: int = 3) -> None: ...

    assert describe(Datasource)["query"] == {"fields": []}
