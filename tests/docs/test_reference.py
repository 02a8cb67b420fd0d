"""The reference is complete: each public name and member has a paragraph, each name an example that runs."""

from __future__ import annotations

import asyncio
import doctest
import re
import runpy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPMessage
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import pytest

import gfruntime
from gfruntime import (
    Frame,
    HttpClient,
    HttpSettings,
    Query,
    QueryError,
    Request,
    Response,
    Settings,
    StreamRequest,
    TimeRange,
    expand_sql,
    route,
)
from gfruntime.author.handlers import METHODS
from gfruntime.calls.admission import ObjectKind
from gfruntime.sql.dialects import Dialect
from gfruntime.testing.fakes import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 1, tzinfo=UTC)
MARKS = ("GF", "GFPLUG", "GFRUNTIME", "GRAFANA", "PLUGIN")
NOT_READ = {
    "GF_ALLOW_LOADING", "GF_AUTH_ANONYMOUS_ENABLED", "GF_AUTH_ANONYMOUS_ORG_ROLE", "GF_DEFAULT_APP_MODE", "GF_EDITION",
    "GF_INSTALL_PLUGINS", "GF_LOG_FILTERS", "GF_PATHS_PLUGINS", "GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS",
    "GF_PLUGIN_NAME", "GF_PLUGIN_VERSION", "GF_VERSION", "GFPLUG_LINK", "GRAFANA_IMAGE", "GRAFANA_VERSION",
    "PLUGIN_MAX_PORT", "PLUGIN_ID", "PLUGIN_MIN_PORT", "PLUGIN_MULTIPLEX_GRPC", "PLUGIN_PROTOCOL_VERSIONS",
}  # fmt: skip
"""Variables in the sources that are not for users: of Grafana's server, or between gfplug's processes."""


@dataclass(frozen=True)
class Options:
    """Options of the examples."""

    url: str = ""


@dataclass(frozen=True)
class Model:
    """The query model of the examples."""

    table: str = "sales"


class Datasource:
    """A data source of the examples."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Keep the URL."""
        self.url = settings.options.url

    def query(self, _query: Query[Model]) -> Frame:
        """Return a row, and call the upstream if the settings have its URL."""
        if self.url:
            HttpClient(HttpSettings(url=self.url)).get("/sales").raise_for_status()
        return Frame.of(time=[START], value=[1.5])

    @route("GET", "/tables")
    def tables(self, _request: Request) -> Response:
        """List the tables."""
        return Response.json(["sales"])

    def run_stream(self, _request: StreamRequest) -> Iterator[Frame]:
        """Yield a packet."""
        yield Frame.of(value=[1.5])


async def asgi_app(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer with a body."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"sales"})


def wsgi_app(_environ: Any, start_response: Any) -> list[bytes]:
    """Answer with a body."""
    start_response("200 OK", [])
    return [b"sales"]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """Load the script that writes the reference."""
    return runpy.run_path(str(ROOT / "docs" / "refresh.py"))


def test_every_public_name_and_member_has_a_paragraph(script: dict[str, Any]) -> None:
    """There are more than 300: classes, functions, fields, properties and methods."""
    entries = script["public_entries"]()

    assert [entry.name for entry in entries if not entry.text] == []
    assert len(entries) > 300


def test_every_public_class_and_function_has_an_example(script: dict[str, Any]) -> None:
    """The docstring has an example of at least two lines."""
    entries = [entry for entry in script["public_entries"]() if "." not in entry.name and entry.kind != "constant"]

    hidden = {"pytest_addoption", "pytest_configure", "Golden", "Replaying"}  # hooks of pytest, and protocols
    assert [entry.name for entry in entries if ">>> " not in entry.text and entry.name not in hidden] == []


def test_the_examples_run(script: dict[str, Any]) -> None:
    """Each prints the output that it shows, with a query, settings, rows and an upstream."""
    headers = HTTPMessage()
    frame = Frame.of(time=[START, START], host=["a", "b"], value=[1.5, 2.5])
    rows = [{"ts": "2026-01-01T00:00:00Z", "host": "a", "cpu": 1.5, "memory": 10}]
    time_range = TimeRange(start=START, end=START + timedelta(hours=1))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    with Upstream() as upstream:
        upstream.answer("/rows", json=[{"value": 1.5}])
        names = {
            **{name: getattr(gfruntime, name) for name in gfruntime.__all__},
            **{name: value for module in _modules(script) for name, value in vars(module).items() if name[0] != "_"},
            "Annotated": Annotated, "asyncio": asyncio, "Datasource": Datasource, "Model": Model, "Options": Options,
            "Path": Path,
            "asgi_app": asgi_app, "dataclass": dataclass, "datetime": datetime, "frame": frame, "headers": headers,
            "kind": ObjectKind(kind="DataSource"), "model": Model(), "options": Options(), "rows": rows, "start": START,
            "time_range": time_range, "timedelta": timedelta, "upstream": upstream, "wsgi_app": wsgi_app,
        }  # fmt: skip
        values = {
            "settings": Settings(options=Options(), url=upstream.url),
            "query": Query(model=Model(), time_range=time_range),
        }
        for entry in script["public_entries"]():
            own = names | ({} if "settings(" in entry.text or "query(" in entry.text else values)
            test = doctest.DocTestParser().get_doctest(entry.text, dict(own), entry.name, None, None)
            runner.run(test)

    assert runner.summarize(verbose=False).failed == 0
    assert runner.summarize(verbose=False).attempted > 60


def test_every_method_of_a_data_source_is_described() -> None:
    """The reference says when it is called, where it runs, and what it returns."""
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")

    assert all(f"### `{name}({method.signature})`" in page for name, method in METHODS.items())


def test_every_environment_variable_is_described(script: dict[str, Any]) -> None:
    """The reference has the variables that the sources read, and no others."""
    documented = {name for group in script["environment"]().values() for name in group}
    names: set[str] = set()
    for folder in ("cli/gfplug", "runtime/gfruntime", "template/project"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            names |= set(re.findall(rf"\b(?:{'|'.join(MARKS)})_[A-Z][A-Z_]*[A-Z]_?(?![A-Z])", text))
    families = tuple(name for name in documented if name.endswith("_"))
    read = {name for name in names - NOT_READ if not name.startswith(families) and not name.endswith("_")}

    assert read - documented == set()
    assert {name for name in documented - set(families) if name.startswith(MARKS)} - names == set()


def _modules(script: dict[str, Any]) -> list[Any]:
    import importlib  # noqa: PLC0415 - the public modules alone

    public = runpy.run_path(str(ROOT / "tests" / "runtime" / "public_api.py"))["MODULES"]
    return [importlib.import_module(module) for module in public if module not in script["FORMER"]]


def test_every_sql_macro_is_described() -> None:
    """The reference has the macros of each dialect, by name."""
    between = TimeRange(start=START, end=START + timedelta(hours=1))
    page = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    names: set[str] = set()
    for dialect in get_args(Dialect):
        query = Query(model=None, time_range=between)
        with pytest.raises(QueryError) as caught:
            expand_sql("$__nothing()", query, dialect=dialect)
        names |= set(re.findall(r"\$__(\w+)", str(caught.value).partition("The macros are")[2]))

    assert len(names) > 20
    assert [name for name in sorted(names) if name.removeprefix("unixEpoch") not in page] == []
