"""The data source without Grafana: with made-up lines, and with the files of a folder."""

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
    """The logs of two servers, and a file that is none."""
    (tmp_path / "north.log").write_text(NORTH, encoding="utf-8")
    (tmp_path / "south.log").write_bytes(b"\xff no entry yet\n2026-01-01T00:06:00Z INFO fine\n")
    (tmp_path / "notes.txt").write_text("2026-01-01T00:06:00Z INFO not a log\n")
    return str(tmp_path)


def ask(model: Model, folder: str = "", minutes: float = 20) -> Frame:
    """Ask one query as Grafana would."""
    window = TimeRange(start=START, end=START + timedelta(minutes=minutes))
    query = Query(model=model, time_range=window, max_data_points=4, interval=timedelta(minutes=5))
    return Datasource(Settings(options=Options(folder=folder))).query(query)


def test_explore_gets_the_newest_lines_first(folder: str) -> None:
    """Of all servers, those of the time range; lines without a time belong to the entry before them."""
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
    ("search", "levels", "expected"),
    [("DISK", (), 1), ("", ("error", "warning"), 2), ("keyerror", ("error",), 1), ("fine", ("error",), 0)],
)
def test_lines_are_chosen(folder: str, search: str, levels: tuple[Level, ...], expected: int) -> None:
    """By what they contain, and by their levels."""
    assert len(ask(Model(search=search, levels=levels), folder)) == expected


def test_the_number_of_lines_is_bounded(folder: str) -> None:
    """A notice says so, where there are more."""
    assert ask(Model(limit=1), folder)["body"].to_list() == ["Disk is almost full"]
    assert "notices" in (ask(Model(limit=1), folder).meta or {})
    assert "notices" not in (ask(Model(limit=4), folder).meta or {})


def test_alert_rules_get_counts(folder: str) -> None:
    """Of each server, in steps; where there is nothing it is 0, and not "no data"."""
    frame = ask(Model(show="counts"), folder)

    assert frame["time"].to_list() == [START + timedelta(minutes=5 * step) for step in range(4)]
    assert [(field.labels, field.to_list()) for field in frame.fields[1:]] == [
        ({"server": "north"}, [1, 1, 1, 0]),
        ({"server": "south"}, [0, 1, 0, 0]),
    ]


def test_of_the_made_up_servers_one_has_errors() -> None:
    """The alert rule relies on it."""
    _, north, south = ask(Model(show="counts", levels=("error",))).fields

    assert min(north.to_list()) > 0 == max(south.to_list())


@pytest.mark.parametrize("seconds", [0, 5, 599, 600])
def test_an_error_of_the_last_ten_minutes_is_in_the_sum_that_the_alert_rule_takes(tmp_path: Path, seconds: int) -> None:
    """Wherever it stands: the rule takes the sum of the counts of ten minutes in steps of ten seconds."""
    end = START + timedelta(minutes=20)
    (tmp_path / "north.log").write_text(f"{(end - timedelta(seconds=seconds)).isoformat()} ERROR failed\n")
    window = TimeRange(start=end - timedelta(minutes=10), end=end)
    model = Model(show="counts", levels=("error",))
    query = Query(model=model, time_range=window, max_data_points=60, interval=timedelta(seconds=10))

    frame = Datasource(Settings(options=Options(folder=str(tmp_path)))).query(query)

    assert sum(frame["lines"].to_list()) == 1
    assert frame["time"].to_list()[-1] == end - timedelta(seconds=10)


@pytest.mark.parametrize("text", ["", "no time ERROR x", "2026-99-01T00:00:00Z INFO x", "2026-01-01T00:00:00Z SHOUT x"])
def test_what_is_no_line_of_a_log_begins_no_entry(text: str) -> None:
    """It belongs to the one before it."""
    assert parse(text, "north") is None


def test_save_and_test_names_the_servers(folder: str) -> None:
    """Or the folder that is not there."""
    assert Datasource(Settings(options=Options(folder=folder))).check_health().message == "Servers: north, south"
    assert Datasource(Settings(options=Options(folder="/nowhere"))).check_health().status == "error"
