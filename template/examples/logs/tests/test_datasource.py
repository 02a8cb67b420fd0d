"""Test the data source without Grafana: with sample lines, and with the files of a folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gfruntime import Frame, Query, Settings, TimeRange
from plugin.datasource import Datasource, Level, Model, Options, parse

START = datetime(2026, 1, 1, tzinfo=UTC)
NORTH = """\
2026-01-01T00:00:01Z INFO  started
2026-01-01 00:05:00,250 [ERROR] Traceback:
  File "x.py"
KeyError: 'é'
2026-01-01T02:10:00+02:00 warn: Disk is almost full
2026-01-02T00:00:00Z ERROR tomorrow
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Write the logs of two servers, and a file that is not a log."""
    (tmp_path / "north.log").write_text(NORTH, encoding="utf-8")
    (tmp_path / "south.log").write_bytes(b"\xff no entry yet\n2026-01-01T00:06:00Z INFO fine\n")
    (tmp_path / "notes.txt").write_text("2026-01-01T00:06:00Z INFO not a log\n")
    return str(tmp_path)


def ask(model: Model, folder: str = "", minutes: float = 20) -> Frame:
    """Run one query as Grafana does."""
    window = TimeRange(start=START, end=START + timedelta(minutes=minutes))
    query = Query(model=model, time_range=window, max_data_points=4, interval=timedelta(minutes=5))
    return Datasource(Settings(options=Options(folder=folder))).query(query)


def test_explore_gets_the_newest_lines_first(folder: str) -> None:
    """They are all servers' lines of the time range; a line without a time belongs to the previous entry."""
    frame = ask(Model(), folder)

    assert frame["body"].to_list() == [
        "Disk is almost full",
        "fine",
        "Traceback:\n  File \"x.py\"\nKeyError: 'é'",
        "started",
    ]
    assert frame["severity"].to_list() == ["warning", "info", "error", "info"]
    assert frame["timestamp"].to_list()[0] == START + timedelta(minutes=10)
    assert frame["labels"].to_list()[1] == b'{"server":"south"}'
    assert frame.meta is not None
    assert frame.meta["type"] == "log-lines"


@pytest.mark.parametrize(
    ("search", "levels", "count"),
    [("DISK", (), 1), ("", ("error", "warning"), 2), ("keyerror", ("error",), 1), ("fine", ("error",), 0)],
)
def test_search_and_levels_select_lines(folder: str, search: str, levels: tuple[Level, ...], count: int) -> None:
    """A line must contain the text, and have one of the levels."""
    assert len(ask(Model(search=search, levels=levels), folder)) == count


def test_the_limit_limits_the_number_of_lines(folder: str) -> None:
    """A notice tells that there are more lines."""
    assert ask(Model(limit=1), folder)["body"].to_list() == ["Disk is almost full"]
    assert "notices" in (ask(Model(limit=1), folder).meta or {})
    assert "notices" not in (ask(Model(limit=4), folder).meta or {})


def test_alert_rules_get_counts(folder: str) -> None:
    """Each server has a count for each step; a step without lines is 0, not "no data"."""
    frame = ask(Model(show="counts"), folder)

    assert frame["time"].to_list() == [START + timedelta(minutes=5 * step) for step in range(4)]
    assert [(field.labels, field.to_list()) for field in frame.fields[1:]] == [
        ({"server": "north"}, [1, 1, 1, 0]),
        ({"server": "south"}, [0, 1, 0, 0]),
    ]


def test_one_server_of_the_sample_lines_has_errors() -> None:
    """The alert rule relies on it."""
    _, north, south = ask(Model(show="counts", levels=("error",))).fields

    assert min(north.to_list()) > 0 == max(south.to_list())


@pytest.mark.parametrize("seconds", [0, 5, 599, 600])
def test_the_alert_rules_sum_includes_each_error_of_ten_minutes(tmp_path: Path, seconds: int) -> None:
    """The rule adds up the counts of ten minutes in steps of ten seconds."""
    end = START + timedelta(minutes=20)
    (tmp_path / "north.log").write_text(f"{(end - timedelta(seconds=seconds)).isoformat()} ERROR failed\n")
    window = TimeRange(start=end - timedelta(minutes=10), end=end)
    model = Model(show="counts", levels=("error",))
    query = Query(model=model, time_range=window, max_data_points=60, interval=timedelta(seconds=10))

    frame = Datasource(Settings(options=Options(folder=str(tmp_path)))).query(query)

    assert sum(frame["lines"].to_list()) == 1
    assert frame["time"].to_list()[-1] == end - timedelta(seconds=10)


@pytest.mark.parametrize("text", ["", "no time ERROR x", "2026-99-01T00:00:00Z INFO x", "2026-01-01T00:00:00Z SHOUT x"])
def test_an_invalid_line_does_not_start_an_entry(text: str) -> None:
    """It belongs to the previous entry."""
    assert parse(text, "north") is None


def test_save_and_test_lists_the_servers(folder: str) -> None:
    """A missing folder is an error."""
    assert Datasource(Settings(options=Options(folder=folder))).check_health().message == "Servers: north, south"
    assert Datasource(Settings(options=Options(folder="/nowhere"))).check_health().status == "error"
