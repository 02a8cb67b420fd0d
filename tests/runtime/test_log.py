"""Log lines as the host reads them."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import threading
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from children import TIMESTAMP
from hypothesis import given
from hypothesis import strategies as st

from gfruntime.logs import lines, log, masking

JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def line_of(record: logging.LogRecord) -> dict[str, Any]:
    """Format a record and read it back."""
    entry: dict[str, Any] = json.loads(log._line(record))
    return entry


@pytest.mark.slow
@pytest.mark.shows("protocol 39")
@given(st.text(), st.dictionaries(st.sampled_from(["@message", "@level", "@timestamp", "@module", "a", "b"]), JSONISH))
def test_lines_have_the_shape_that_the_host_needs(message: str, extra: dict[str, Any]) -> None:
    """Any entry is one JSON object on one line, with texts for its @-keys, no bare NaN, at most 60 KiB."""
    line = lines.encode("info", message, extra)
    entry = json.loads(line, parse_constant=lambda name: pytest.fail(f"bare {name}"))

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert all(isinstance(entry[key], str) for key in ("@message", "@level", "@timestamp"))
    assert entry["@level"] == "info"
    assert TIMESTAMP.match(entry["@timestamp"])


@pytest.mark.shows("protocol 38")
@pytest.mark.parametrize(
    ("number", "level"),
    [(5, "trace"), (10, "debug"), (20, "info"), (25, "info"), (30, "warn"), (40, "error"), (50, "error")],
)
def test_levels_are_the_five_that_the_host_knows(number: int, level: str) -> None:
    """WARNING becomes warn and CRITICAL becomes error."""
    assert line_of(logging.LogRecord("x", number, "f", 1, "m", (), None))["@level"] == level


@pytest.mark.shows("protocol 41")
def test_long_lines_are_cut_with_a_marker() -> None:
    """No line exceeds 60 KiB, even with many long values; the cut is marked, beginning and end are kept."""
    line = lines.encode("error", "begin" + "ü" * 100_000 + "end", {f"k{i}": "☃" * 50_000 for i in range(300)})

    assert len(line) <= 60 * 1024
    assert re.match(r"begin.*…\[cut\]….*end$", json.loads(line)["@message"])


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**5000, float("inf"), float("nan"), 2**63], ids=range(6))
def test_numbers_of_any_size_are_logged(number: float) -> None:
    """A number that JSON or Python can't write becomes text."""
    line = json.loads(lines.encode("info", "m", {"n": number}), parse_constant=pytest.fail)

    assert line["@message"] == "m"
    assert line["n"]


@pytest.mark.slow
def test_many_short_values_are_dropped_from_a_line() -> None:
    """If a line has too many short values, they are dropped, and the message stays."""
    line = lines.encode("error", "many", {f"numbers{number}": [[10**9] * 100] * 100 for number in range(100)})

    assert json.loads(line)["@message"] == "many"
    assert json.loads(line)["error"] == "too many values for one line"


def test_exceptions_carry_their_traceback() -> None:
    """A logged exception puts its sentence into `error` and its traceback into `stack`."""
    try:
        int("bad")
    except ValueError as error:
        record = logging.LogRecord("x", 40, "f", 1, "failed", (), (type(error), error, error.__traceback__))

    assert line_of(record)["error"] == "ValueError: invalid literal for int() with base 10: 'bad'"
    assert line_of(record)["stack"].startswith("Traceback")


def test_secrets_are_hidden_in_every_value() -> None:
    """Secrets are masked in the message, in extra values and in nested values."""
    masking.remember(["sesame-log"])
    line = lines.encode(
        "info", "m sesame-log", {"a": "sesame-log", "b": {"c": ["sesame-log"]}, "d": ValueError("sesame-log")}
    )

    assert b"sesame" not in line


@pytest.mark.parametrize(
    "extra",
    [
        {"key-24681357": 1},
        {"nested": {"key-24681357": 1}},
        {"number": 24681357},
        {"number": 24681357.0},
        {"number": -24681357},
        {"list": [{"number": 24681357}]},
        {"bytes": b"24681357"},
        {"object": Decimal(24681357)},
        {"enum": IntEnum("Number", {"SECRET": 24681357}).SECRET},  # type: ignore[attr-defined]  # made by a call
        {"hex": b"24681357".hex()},
        {"base64": base64.b64encode(b"user:24681357").decode()},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_a_secret_is_hidden_in_every_part_of_a_line(extra: dict[str, object]) -> None:
    """A secret is hidden as a key, as a number, as bytes, inside other objects, and encoded."""
    masking.remember(["24681357"])
    text = lines.encode("info", "m", extra).decode()

    assert "24681357" not in text
    assert "***" in text


def test_secrets_are_hidden_in_chains_notes_and_groups() -> None:
    """The traceback of an exception and of its causes shows no secrets."""
    masking.remember(["sesame-chain"])
    try:
        try:
            int("sesame-chain")
        except ValueError as cause:
            cause.add_note("note sesame-chain")
            raise ExceptionGroup("group sesame-chain", [cause, KeyError(b"sesame-chain")]) from cause
    except ExceptionGroup as error:
        record = logging.LogRecord("x", 40, "f", 1, "failed", (), (type(error), error, error.__traceback__))

    text = json.dumps(line_of(record))
    assert "sesame" not in text
    assert "group ***" in text


@pytest.mark.shows("protocol 43")
def test_values_without_a_json_form_become_text() -> None:
    """A value becomes its str or repr; if that fails, the record is lost, and the caller continues."""
    output: list[bytes] = []

    class Textless:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    class Sink(log.Writer):
        def __init__(self) -> None: ...

        def put(self, line: bytes) -> None:
            output.append(line)

    record = logging.LogRecord("x", 20, "f", 1, "m", (), None)
    record.value = Textless()
    log.LogHandler(Sink()).emit(record)

    assert json.loads(output[0])["error"] == "RuntimeError"


def test_context_is_part_of_each_line() -> None:
    """The context of a request is in every line that its handler logs."""
    token = log.context.set(lambda: {"dsUid": "u1"})
    try:
        assert line_of(logging.LogRecord("x", 20, "f", 1, "m", (), None))["dsUid"] == "u1"
    finally:
        log.context.reset(token)


@pytest.mark.shows("protocol 46")
def test_threads_do_not_mix_their_lines() -> None:
    """The lines of many threads arrive whole."""
    reader, descriptor = os.pipe()
    writer = log.Writer(descriptor)

    def talk() -> None:
        for _ in range(20):
            writer.put(b"x" * 999 + b"\n")

    for _ in range(8):
        threading.Thread(target=talk).start()
    data = b""
    while len(data) < 160_000:
        data += os.read(reader, 4096)
    os.close(reader)

    assert set(data.split(b"\n")) == {b"x" * 999, b""}


def test_lines_that_do_not_fit_the_queue_are_counted() -> None:
    """If the host does not read, lines are lost, and a line has their number; no caller is blocked."""
    reader, descriptor = os.pipe()
    writer = log.Writer(descriptor)
    for _ in range(200):
        writer.put(b"y" * 59_999 + b"\n")
    data = bytearray()
    while b"lines were dropped" not in data:
        data += os.read(reader, 1 << 20)
    os.close(reader)

    assert len(data) < 200 * 60_000


@pytest.mark.shows("protocol 35")
def test_logging_to_a_closed_stderr_raises_nothing() -> None:
    """A closed stderr pipe does not raise in the code that logs."""
    reader, descriptor = os.pipe()
    writer = log.Writer(descriptor)
    os.close(reader)
    writer.put(b"x\n")
    writer.put(b"y\n")
    writer.flush(2)

    assert not writer._lines


@pytest.mark.parametrize("place", ["logger", "root", "filter"])
def test_other_handlers_get_the_librarys_records(place: str) -> None:
    """Handlers and filters of other packages get the record, as from any logger."""
    reader, writer = os.pipe()
    log.install(writer)
    records: list[logging.LogRecord] = []
    logger = logging.getLogger("gfruntime.told")

    class RecordHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    def see(record: logging.LogRecord) -> bool:
        records.append(record)
        return True

    handler = RecordHandler()
    if place == "filter":
        logger.addFilter(see)
    else:
        (logger if place == "logger" else logging.getLogger()).addHandler(handler)
    log.tell(logger, logging.INFO, "it was answered", {"status": "ok"})
    logger.filters.clear()
    logger.removeHandler(handler)
    log.tell(logger, logging.INFO, "it was answered again", {"status": "ok"})
    logging.getLogger().handlers.clear()

    assert [record.getMessage() for record in records[:1]] == ["it was answered"]
    assert vars(records[0])["status"] == "ok"
    lines = [json.loads(line) for line in os.read(reader, 4096).splitlines()]
    assert [line["@message"] for line in lines] == (["it was answered", "it was answered again"])
    assert {key: lines[0][key] for key in ("@level", "@module", "status")} == {
        "@level": "info",
        "@module": "gfruntime.told",
        "status": "ok",
    }
    assert lines[0].keys() == lines[1].keys()
