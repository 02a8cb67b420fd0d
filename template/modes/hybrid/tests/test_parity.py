"""Both sides of the plugin on the same question: hooks.js for panels, Python for alert rules. They must agree."""

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
    """Ask the backend."""
    datasource = Datasource(Settings(options=Options(url=api.url, token=Secret(TOKEN)), url=api.url))
    asked = Query(model=model, **query)
    return [json.loads(frametext.encode(frame)) for frame in datasource.query(asked)]


def in_the_browser(api: Server, model: Model, query: dict[str, Any]) -> Any:
    """Ask frontend/hooks.js, in Node."""
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
    done = subprocess.run(  # noqa: S603 - our own script
        [node, str(script)], input=json.dumps(question), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def shown(fields: list[dict[str, Any]], values: list[list[Any]]) -> list[tuple[str, str, dict[str, str], list[Any]]]:
    """Reduce a frame to what a panel draws."""
    return [
        (field["name"], field["type"], field.get("labels", {}), column)
        for field, column in zip(fields, values, strict=True)
    ]


@pytest.mark.parametrize(("duration", "points", "interval"), WINDOWS)
def test_panels_and_alert_rules_see_the_same(
    api: Server, duration: timedelta, points: int, interval: timedelta
) -> None:
    """The same columns, labels, times and numbers, whatever the range."""
    window = TimeRange(start=START, end=START + duration)
    query = {"time_range": window, "max_data_points": points, "interval": interval}

    python = [shown(frame["schema"]["fields"], frame["data"]["values"]) for frame in in_python(api, Model(), query)]
    browser = [
        shown(frame["fields"], [field["values"] for field in frame["fields"]])
        for frame in in_the_browser(api, Model(), query)
    ]

    assert python
    assert browser == python


def test_a_path_without_a_route_is_left_to_python(api: Server) -> None:
    """Grafana's proxy would not add the token."""
    query = {
        "time_range": TimeRange(start=START, end=START + timedelta(hours=1)),
        "max_data_points": 10,
        "interval": timedelta(minutes=1),
    }

    assert in_the_browser(api, Model(path="/health"), query) is None
