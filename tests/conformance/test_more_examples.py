"""The folder `examples/`: each data source, from source and built, answers the host, and rules can read it."""

from __future__ import annotations

import json
import sqlite3
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from commands import succeed
from messages import START_MS, query, settings
from programs import BUILT, HERE

from gfplug.host import alerting

if TYPE_CHECKING:
    from pathlib import Path

    from hostclient import Host
    from programs import Programs

EXAMPLES = HERE.parents[1] / "examples"
NAMES = ["dataframe", "sql", "stream"]
NEEDED = {"dataframe": ["pandas"]}
"""What an example imports that a new project's environment lacks."""
ABOVE = {"dataframe": 100.0, "sql": 90.0, "stream": 0.0}
FIRING = {"dataframe": [False, True], "sql": [False, True], "stream": [True]}


def test_every_example_is_tested() -> None:
    """A new folder is noticed."""
    assert sorted(path.parent.name for path in EXAMPLES.glob("*/datasource.py")) == NAMES


def source(programs: Programs, name: str) -> Path:
    """Give an executable that runs an example from source."""
    if name == "dataframe" and find_spec("pandas") is None:
        pytest.skip("install gfplug's extra `dev`: pandas is missing")
    return programs.variant(name, (EXAMPLES / name / "datasource.py").read_text(encoding="utf-8"))


@pytest.fixture(
    params=[*((name, "source") for name in NAMES), *(pytest.param((name, "built"), marks=BUILT) for name in NAMES)],
    ids=str,
)
def example(request: pytest.FixtureRequest, programs: Programs) -> tuple[str, Path]:
    """Give an example's name, and an executable of it."""
    name, kind = request.param
    launcher = source(programs, name)
    if kind == "source":
        return name, launcher
    return name, programs.bundle(name, programs.project(name), extra=NEEDED.get(name, ()))


def test_an_example_answers_and_its_rule_fires(host: Host, example: tuple[str, Path]) -> None:
    """Health, a panel's query, and an alert rule's: read without an error or warning, and decided."""
    name, executable = example
    plugin = host.start(executable)
    assert plugin.health()["status"] == "OK"
    assert plugin.query(query())["A"]["frames"]

    answer = plugin.query(query(), headers={"FromAlert": "true"})["A"]
    frames: list[dict[str, Any]] = [frame["json"] for frame in answer["frames"]]
    rule = alerting.condition(f"last > {ABOVE[name]}", model={})
    outcome = alerting.evaluate(frames, rule.reduction, rule.comparison)

    assert (outcome.error, list(outcome.warnings)) == ("", [])
    assert sorted(each.state is alerting.State.ALERTING for each in outcome.instances) == FIRING[name]
    assert not plugin.kill()["forced"]


def test_the_stream_moves(host: Host, programs: Programs) -> None:
    """A panel's answer names the channel; its packets come, the schema in the first alone."""
    plugin = host.start(source(programs, "stream"))
    (frame,) = plugin.query(query())["A"]["frames"]
    assert frame["meta"]["channel"] == "ds/ds-1/wave"

    words = ["wave", str(programs.project("stream")), "--json", "--count", "3", "--data", '{"hertz": 20}']
    output = succeed(sys.executable, "-m", "gfplug", "call", "stream", *words, "--python", sys.executable)
    packets = [json.loads(line) for line in output.splitlines()]
    assert [sorted(packet) for packet in packets] == [["data", "schema"], ["data"], ["data"]]


def test_the_sql_example_reads_a_file_and_changes_nothing(host: Host, programs: Programs, tmp_path: Path) -> None:
    """A database of the user's is opened read-only, and its refusals reach the panel."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (time EPOCH, region TEXT, amount REAL)")
        connection.execute("INSERT INTO sales VALUES (?, 'east', 7)", [START_MS // 1000 + 60])
    connection.close()
    plugin = host.start(source(programs, "sql"))
    configured = settings({"path": str(path)})

    (frame,) = plugin.query(query(), settings=configured)["A"]["frames"]
    assert (frame["fields"][1]["values"], frame["fields"][1]["labels"]) == ([7], {"region": "east"})
    for sql, words in (("DROP TABLE sales", "readonly"), ("SELECT missing FROM sales", "no such column")):
        answer = plugin.query(query(sql=sql), settings=configured)["A"]
        assert (words in answer["error"], answer["status"]) == (True, 400)
