"""The stderr of a plugin, as go-plugin reads it."""

import json
import time

import pytest

from gfplug.host.logs import LogLine, Logs, parse

STAMP = "2026-08-20T12:40:12.123456Z"


def test_an_hclog_line_has_its_level_message_and_fields() -> None:
    """The three @ keys are read, the module is dropped, and the rest are fields."""
    line = parse(json.dumps({"@level": "warn", "@message": "slow", "@timestamp": STAMP, "@module": "x", "ms": 12}))

    assert line == LogLine(level="warn", message="slow", fields={"ms": 12})
    assert str(line) == "slow ms=12"


def test_a_stack_in_a_field_is_shown_below_its_message() -> None:
    """A traceback in any field keeps its lines."""
    line = LogLine(level="error", message="query failed", fields={"ref": "A B", "stack": "Traceback:\n  x\nBoom"})

    assert str(line) == 'query failed ref="A B"\nstack:\nTraceback:\n  x\nBoom'


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("just words", "debug"),
        ("[WARN] careful", "warn"),
        ("[ERROR] no", "error"),
        ("panic: oh", "error"),
        ("Traceback (most recent call last):", "error"),
        ('{"@level":"critical","@message":"x"}', "debug"),
        ('{"@level":"info","@message":"x","@timestamp":"yesterday"}', "debug"),
        ("[1, 2]", "debug"),
        ('{"@level":"info"', "debug"),
    ],
)
def test_a_line_that_is_not_hclog_gets_the_level_of_its_prefix(text: str, level: str) -> None:
    """Without a prefix, the line is kept at level debug."""
    assert parse(text) == LogLine(level=level, message=text)


@pytest.mark.parametrize(
    ("change", "danger"),
    [
        *(({key: 5}, f"{key} is not text") for key in ("@message", "@level", "@timestamp")),
        ({"@message": "x" * 70_000}, "64 KiB"),
    ],
)
def test_a_line_that_harms_grafana_is_marked(change: dict[str, object], danger: str) -> None:
    """An @ key that is not text panics in Grafana; a line of 64 KiB or more is split."""
    assert danger in parse(json.dumps({"@level": "info", "@message": "x", **change})).danger


def test_all_lines_of_a_raw_traceback_are_errors() -> None:
    """The level is never debug, however the lines arrive."""
    logs = Logs()
    text = b'starting\nTraceback (most recent call last):\n  File "x.py", line 1\nValueError: bad'
    for at in range(0, len(text), 7):
        logs.add(text[at : at + 7])
    logs.end()

    assert [line.level for line in logs.lines] == ["debug", "error", "error", "error"]
    assert logs.tail(2) == '  File "x.py", line 1\nValueError: bad'


def test_each_line_is_shown_when_it_is_complete() -> None:
    """The callback gets whole lines, each once."""
    messages: list[str] = []
    logs = Logs(lambda line: messages.append(line.message))
    logs.add(b"one\ntw")

    assert messages == ["one"]

    logs.add(b"o\r\n\n")

    assert messages == ["one", "two"]


REPEATING = [
    "Plugin Request Completed",
    "Plugin Request Started",
    "Partial data response error",
    "Query A failed",
    "Query a query / with spaces failed",
    "checkHealth failed",
    "callResource failed",
    "runStream failed",
]
OWN = ["Query planning took long", "Import failed", "The plugin failed", "A thread failed: x", "Plugin Request"]


@pytest.mark.parametrize(
    ("message", "repeats"), [*((each, True) for each in REPEATING), *((each, False) for each in OWN)]
)
def test_lines_that_repeat_an_error_response_are_recognised(message: str, *, repeats: bool) -> None:
    """They are left out when an error shows the log."""
    logs = Logs()
    logs.add(f"{json.dumps({'@level': 'error', '@message': message})}\n".encode())

    assert logs.lines[0].repeats_answer is repeats
    assert logs.tail() == ("" if repeats else message)


def test_a_harmful_line_is_shown_even_if_it_repeats_a_response() -> None:
    """A harmful line is never left out."""
    line = parse(json.dumps({"@level": "error", "@message": "Partial data response error", "@timestamp": 5}))

    assert (bool(line.danger), line.repeats_answer) == (True, False)


def test_code_places_are_collected_from_the_log() -> None:
    """Each is listed once, in order; waiting for a place ends at its timeout."""
    logs = Logs()
    nowhere, began = logs.hint(), time.monotonic()
    assert logs.wait_for_places(0.1) == ""
    assert time.monotonic() - began < 5
    for place in ("a.py, line 1, in x", "b.py, line 2, in y", "a.py, line 1, in x"):
        logs.add(f"{json.dumps({'@level': 'error', '@message': 'Query A failed', 'at': place})}\n".encode())

    assert nowhere == "-v shows the plugin's whole log"
    assert logs.wait_for_places(5) == "a.py, line 1, in x; b.py, line 2, in y"
    assert logs.hint() == "raised in a.py, line 1, in x; b.py, line 2, in y; -v shows the traceback"
