"""Messages of `gfplug call` about a data source that fails, is late, or sends partial or unexpected answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from commands import Ended

    Run = Callable[..., Ended]

SOURCE = '''
"""Fails, is late, answers in part."""

import asyncio
import math
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Literal

from gfruntime import DownstreamError, Frame, Health, Query, QueryError, Request, Response, Settings, Ui, route

{at_import}


@dataclass(frozen=True)
class Options:
    encoding: str = "utf-8"
    late: bool = False


@dataclass(frozen=True)
class Model:
    do: str = ""
    limit: int = 1


class Datasource:
    def __init__(self, settings: Settings[Options]) -> None:
        self.options = settings.options
        self.database = sqlite3.connect(":memory:")

    {kind} query(self, query: Query[Model]) -> Frame:
        part = Frame.of(time=[query.time_range.start], value=[1.5])
        match query.model.do:
            case "bug":
                return inner(0)
            case "mean":
                raise QueryError("no such table")
            case "partial":
                raise DownstreamError("2 of 3 shards are away", frames=part)
            case "sqlite":
                time.sleep(0.2)
                return Frame.from_cursor(self.database.execute("SELECT 1 AS v"))
            case "loop":
                raise RuntimeError("Event loop is closed")
            case "sleep":
                sleep()
            case "await":
                await_it = doze()
                {wait} await_it
            case "encoding":
                return Frame.of(text=[self.options.encoding])
        return part

    def check_health(self) -> Health:
        if self.options.late:
            sleep()
        return inner(0)

    @route("GET", "/tables/{{name}}/{{source}}")
    {kind} tables(self, request: Request, name: str, source: str) -> Response:
        if name == "late":
            sleep()
        return Response.json({{"name": name, "source": source, "x": math.nan, "at": datetime(2026, 1, 2, tzinfo=UTC)}})

    @route("GET", "/bug")
    def bug(self, request: Request) -> Response:
        return inner(0)

    async def run_stream(self, request):
        yield {{"v": 1}}
        yield Frame.of(v=[2.5])
        yield {{"v": math.nan}}
        if request.path == "bug":
            inner(0)


def inner(number):
    return 1 / number


def sleep():
    time.sleep(60)


async def doze():
    async with asyncio.timeout(60):
        await asyncio.gather(asyncio.sleep(60), asyncio.sleep(60))
'''
KINDS = pytest.mark.parametrize("kind", ["def", "async def"])


def write(project: Path, kind: str = "def", *, at_import: str = "") -> None:
    """Write a data source into a project, with handlers of one kind."""
    text = SOURCE.format(kind=kind, at_import=at_import, wait="await" if kind == "async def" else "asyncio.run")
    if kind == "def":
        text = text.replace("asyncio.run await_it", "asyncio.run(await_it)")
    (project / "src/plugin/datasource.py").write_text(text, encoding="utf-8")


def line_of(project: Path, code: str) -> int:
    """Find the number of a line."""
    lines = (project / "src/plugin/datasource.py").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == code)


def errors(ended: Ended) -> list[str]:
    """List the lines that are marked as errors."""
    return [line for line in ended.err.splitlines() if line.startswith("error:")]


@pytest.mark.shows("errors: a query fails")
@KINDS
@pytest.mark.parametrize("do", ["bug", "mean"])
def test_a_failing_query_is_one_error_and_verbose_adds_the_traceback(
    call: Run, project: Path, kind: str, do: str
) -> None:
    """The message appears once; for a bug, with the line of code; -v adds the lines of the log with the traceback."""
    write(project, kind)
    usual, verbose = (call("query", project, "--set", f"do={do}", *more) for more in ([], ["-v"]))
    sentence = "ZeroDivisionError: division by zero" if do == "bug" else "no such table"
    place = f"raised in plugin/datasource.py, line {line_of(project, 'return 1 / number')}, in inner"

    assert (usual.code, verbose.code) == (6, 6)
    assert usual.err.count(sentence) == 1
    assert len(errors(usual)) == len(errors(verbose)) == 1
    assert "Traceback" not in usual.err
    assert (place in usual.err) is ("Traceback" in verbose.err) is (do == "bug")
    assert "plugin: Partial data response error" in verbose.err
    assert "plugin: Plugin Request Completed" in verbose.err


@pytest.mark.shows("errors: a query fails")
def test_a_failing_health_check_resource_or_stream_is_one_error(call: Run, project: Path) -> None:
    """The error has the place where it was raised, like the error of a query."""
    write(project)

    for words in (("health", project), ("resource", "bug", project), ("stream", "bug", project)):
        ended = call(*words)
        assert ended.code == 6
        assert len(errors(ended)) == 1
        assert f"raised in plugin/datasource.py, line {line_of(project, 'return 1 / number')}, in inner" in ended.err
        assert "Traceback" not in ended.err


@pytest.mark.shows("errors: a partial response")
@KINDS
def test_a_partial_answer_is_frames_and_one_error(call: Run, project: Path, kind: str) -> None:
    """Stdout has the frames as a table or JSON; then comes one error, and the exit code is 6."""
    write(project, kind)
    table, as_json = (call("query", project, "--set", "do=partial", *more) for more in ([], ["--json"]))

    assert (table.code, as_json.code) == (6, 6)
    assert "A (timeseries-wide): 1 row, 2 fields" in table.out
    assert table.err.count("2 of 3 shards are away") == 1
    assert "error: query A failed with status 502 (downstream): 2 of 3 shards are away" in table.err
    answer = json.loads(as_json.out)["results"]["A"]
    assert (answer["error"], answer["status"]) == ("2 of 3 shards are away", 502)
    assert answer["frames"][0]["data"]["values"][1] == [1.5]


@pytest.mark.shows("errors: a partial response")
def test_a_partial_answer_fails_a_rule(call: Run, project: Path) -> None:
    """Grafana's alert engine does not read frames of an answer with an error."""
    write(project)
    ended = call("query", project, "--set", "do=partial", "--when", "last > 0")

    assert ended.code == 6
    assert "would fire" not in ended.out
    assert "failed to execute query [A]: 2 of 3 shards are away" in ended.err


@pytest.mark.shows("errors: a call that takes")
@pytest.mark.parametrize(
    ("kind", "do", "code", "function"),
    [
        ("def", "sleep", "time.sleep(60)", "sleep"),
        ("def", "await", "await asyncio.gather(asyncio.sleep(60), asyncio.sleep(60))", "doze"),
        ("async def", "sleep", "time.sleep(60)", "sleep"),
        ("async def", "await", "await asyncio.gather(asyncio.sleep(60), asyncio.sleep(60))", "doze"),
    ],
)
def test_the_error_for_a_late_query_has_the_current_line_of_its_code(  # noqa: PLR0917 - the columns of a table
    call: Run, project: Path, kind: str, do: str, code: str, function: str
) -> None:
    """The message has the innermost line of the author's code, and the option for a longer timeout."""
    write(project, kind)
    ended = call("query", project, "--set", f"do={do}", "--timeout", "4")
    place = f"plugin/datasource.py, line {line_of(project, code)}, in {function}"
    if (kind, do) == ("def", "await"):  # the task of asyncio.run, below the thread that waits for it
        place = f"plugin/datasource.py, line {line_of(project, 'asyncio.run(await_it)')}, in Datasource.query"

    assert ended.code == 6
    assert errors(ended) == [f"error: the plugin did not answer Data.QueryData within 4 s; its code was at {place}"]
    assert "hint: --timeout SECONDS waits longer" in ended.err


def test_each_of_several_late_queries_is_named(call: Run, project: Path) -> None:
    """On the event loop, each query is a task; a finished query is not named."""
    write(project, "async def")
    models = [word for do in ("await", "mean", "await") for word in ("--model", json.dumps({"do": do}))]
    ended = call("query", project, *models, "--timeout", "4")

    assert ended.code == 6
    assert ended.err.count("plugin/datasource.py, line ") == 1  # both are at that line
    assert ", in doze" in ended.err


@pytest.mark.shows("errors: a call that takes")
def test_the_error_for_other_late_calls_has_the_current_line_of_their_code(call: Run, project: Path) -> None:
    """These are a health check, a resource, and a module that is still loading."""
    write(project)
    health = call("health", project, "--option", "late=true", "--timeout", "4")
    resource = call("resource", "tables/late/x", project, "--timeout", "4")
    write(project, at_import="time.sleep(60)")
    loading = call("query", project, "--timeout", "4")

    assert "within 4 s; its code was at plugin/datasource.py, line " in health.err
    assert ", in sleep" in health.err
    assert ", in sleep" in resource.err
    assert (
        f"its code was at plugin/datasource.py, line {line_of(project, 'time.sleep(60)')}, in <module>" in loading.err
    )
    assert all("--timeout SECONDS waits longer" in ended.err for ended in (health, resource, loading))


@pytest.mark.shows("errors: several threads use a connection that `__init__` opened")
def test_the_error_for_a_connection_of_another_thread_has_the_remedy(call: Run, project: Path) -> None:
    """The connection is one of SQLite, or a client of another event loop."""
    write(project)
    models = [word for do in ("sqlite", "sqlite", "sqlite", "loop") for word in ("--model", json.dumps({"do": do}))]
    ended = call("query", project, *models)

    assert ended.code == 6
    assert "handlers run in several threads at once: let each query open its own connection" in ended.err
    assert "Event loop is closed; `async def` handlers run on one event loop" in ended.err


@KINDS
def test_a_route_can_have_parameters_with_names_that_gfruntime_uses(call: Run, project: Path, kind: str) -> None:
    """Its JSON may contain NaN and times."""
    write(project, kind)
    ended = call("resource", "tables/a%2Fb/c", project)
    reply = call("resource", "tables/a/c", project, "--method", "DELETE", "--json")

    assert ended.code == 0
    assert json.loads(ended.out) == {"name": "a/b", "source": "c", "x": None, "at": "2026-01-02T00:00:00Z"}
    assert json.loads(reply.out)["status"] == 405
    assert json.loads(reply.out)["headers"]["Allow"] == ["GET, HEAD"]


def test_the_error_for_an_unset_variable_has_the_option_that_sets_it(call: Run, project: Path) -> None:
    """The hint shows the option with a value; an empty value is reported as empty."""
    write(project)
    unfilled = call("query", project, "--set", "limit=${n}")
    empty = call("query", project, "--set", "limit=")
    reply = call("query", project, "--set", "limit=${n}", "--var", "n=5")

    assert (unfilled.code, empty.code, reply.code) == (6, 6, 0)
    assert "limit: expected int, got str '${n}': the variable ${n} is not filled" in unfilled.err
    assert "limit: expected int, got str '': it is empty, like a variable that is not filled" in empty.err
    assert "hint: --var NAME=VALUE fills a variable" in unfilled.err


@pytest.mark.parametrize(("value", "text"), [("true", "true"), ("5", "5"), ("1.5", "1.5"), ("null", "utf-8")])
def test_a_number_or_boolean_given_for_a_text_option_becomes_text(
    call: Run, project: Path, value: str, text: str
) -> None:
    """The type of the option is a text."""
    write(project)
    ended = call("query", project, "--set", "do=encoding", "--option", f"encoding={value}", "--json")

    assert ended.code == 0
    assert json.loads(ended.out)["results"]["A"]["frames"][0]["data"]["values"] == [[text]]


def test_packets_of_all_kinds_are_shown_as_they_come(call: Run, project: Path) -> None:
    """JSON packets are lines of JSON, frames are rows."""
    write(project)
    ended = call("stream", "x", project)

    assert ended.code == 0
    assert ended.out.splitlines() == ['{"v": 1}', "2.5", '{"v": null}']
