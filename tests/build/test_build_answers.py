"""Errors of a bundle refer to its source: the line of a timeout, the line of a failure, and partial answers."""

import json
import shutil
from pathlib import Path

import pytest
from building import BuiltProject, gfplug, must_build

SOURCE = """
import asyncio
import time

from gfruntime import DownstreamError, Frame, Query, Request, Response, route


class Datasource:
    def __init__(self, settings) -> None: ...

    def query(self, query: Query) -> Frame:
        match query.model.get("do"):
            case "sleep":
                sleep()
            case "bug":
                return {}["time"]
            case "partial":
                raise DownstreamError("south is away", frames=Frame.of(value=[1.5]))
        return Frame.of(value=[1.5])

    @route("GET", "/late/{name}")
    async def late(self, request: Request, name: str) -> Response:
        await doze()


def sleep():
    time.sleep(60)


async def doze():
    await asyncio.sleep(60)
"""


RAISES = 'return {}["time"]'


def place(code: str) -> str:
    """Return the line of the source that contains some code."""
    number = next(number for number, line in enumerate(SOURCE.splitlines(), 1) if line.strip() == code)
    return f"plugin/datasource.py, line {number}"


@pytest.fixture(scope="module")
def dist(signals: BuiltProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a data source that fails."""
    copy = tmp_path_factory.mktemp("failing") / "project"
    shutil.copytree(signals.project, copy, symlinks=True)
    (copy / "src/plugin/datasource.py").write_text(SOURCE, encoding="utf-8")
    return must_build(copy).dist


@pytest.mark.shows("errors: a call that takes")
def test_the_error_for_a_late_bundle_has_the_current_line_of_its_code(dist: Path) -> None:
    """The message has file, line and function of the innermost frame of the author, for `def` and `async def`."""
    query = gfplug("call", "query", dist, "--set", "do=sleep", "--timeout", "4")
    resource = gfplug("call", "resource", "late/x", dist, "--timeout", "4")

    assert f"Data.QueryData within 4 s; its code was at {place('time.sleep(60)')}, in sleep" in query.err
    assert (
        f"Resource.CallResource within 4 s; its code was at {place('await asyncio.sleep(60)')}, in doze" in resource.err
    )
    assert "--timeout SECONDS waits longer" in query.err


def test_a_failing_bundle_names_the_line_and_gives_partial_answers(dist: Path) -> None:
    """Each failure gives one error."""
    bug = gfplug("call", "query", dist, "--set", "do=bug")
    part = gfplug("call", "query", dist, "--set", "do=partial", "--json")

    assert [line for line in bug.err.splitlines() if line.startswith("error:")] == [
        "error: query A failed with status 500 (plugin): KeyError: 'time'"
    ]
    assert f"raised in {place(RAISES)}, in Datasource.query" in bug.err
    assert (bug.code, part.code) == (6, 6)
    answer = json.loads(part.out)["results"]["A"]
    assert (answer["error"], answer["frames"][0]["data"]["values"]) == ("south is away", [[1.5]])
