"""Send the same query to both sides of the plugin, hooks.js for panels and Python for alert rules: they must agree."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from example_api.server import Server

from gfruntime import Query, Secret, Settings, TimeRange
from gfruntime.frames import frametext
from plugin.datasource import Datasource, Model, Options

START = datetime(2026, 1, 1, tzinfo=UTC)
TOKEN = "token-for-tests"  # noqa: S105 - not a secret
WINDOWS = [  # how long the range is, how many points fit, and the shortest interval
    (timedelta(minutes=10), 11, timedelta(minutes=1)),
    (timedelta(hours=6), 500, timedelta(seconds=15)),
    (timedelta(seconds=95), 38, timedelta(seconds=2)),
]


@pytest.fixture
def api() -> Iterator[Server]:
    """The example API on a free port."""
    with Server(TOKEN) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def in_python(api: Server, model: Model, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a query in the backend."""
    datasource = Datasource(Settings(options=Options(url=api.url, token=Secret(TOKEN)), url=api.url))
    frames = datasource.query(Query(model=model, **query))
    return [json.loads(frametext.encode(frame)) for frame in frames]


def in_the_browser(api: Server, model: Model, query: dict[str, Any]) -> Any:
    """Run a query in frontend/hooks.js, with Node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not on PATH")
    window = query["time_range"]
    question = {
        "url": api.url,
        "token": TOKEN,
        "model": asdict(model),
        "from": round(window.start.timestamp() * 1000),
        "to": round(window.end.timestamp() * 1000),
        "intervalMs": query["interval"] // timedelta(milliseconds=1),
        "maxDataPoints": query["max_data_points"],
    }
    script = Path(__file__).with_name("browser.cjs")
    process = subprocess.run(  # noqa: S603 - our own script
        [node, str(script)], input=json.dumps(question), capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def columns(fields: list[dict[str, Any]], values: list[list[Any]]) -> list[tuple[str, str, dict[str, str], list[Any]]]:
    """Return the parts of a frame that a panel draws: names, types, labels, values."""
    return [
        (field["name"], field["type"], field.get("labels", {}), column)
        for field, column in zip(fields, values, strict=True)
    ]


@pytest.mark.parametrize(("duration", "points", "interval"), WINDOWS)
def test_panels_and_alert_rules_get_the_same_frames(
    api: Server, duration: timedelta, points: int, interval: timedelta
) -> None:
    """Columns, labels, times and numbers are the same for each range."""
    window = TimeRange(start=START, end=START + duration)
    query = {"time_range": window, "max_data_points": points, "interval": interval}

    python = [columns(frame["schema"]["fields"], frame["data"]["values"]) for frame in in_python(api, Model(), query)]
    browser = [
        columns(frame["fields"], [field["values"] for field in frame["fields"]])
        for frame in in_the_browser(api, Model(), query)
    ]

    assert python
    assert browser == python


def test_python_answers_a_path_without_a_route(api: Server) -> None:
    """Grafana's proxy would not add the token to it."""
    query = {
        "time_range": TimeRange(start=START, end=START + timedelta(hours=1)),
        "max_data_points": 10,
        "interval": timedelta(minutes=1),
    }

    assert in_the_browser(api, Model(path="/health"), query) is None
