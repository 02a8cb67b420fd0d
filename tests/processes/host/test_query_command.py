"""`gfplug call query` and `stream` beyond one table: several queries, alerts, recordings, pictures, packets."""

from __future__ import annotations

import io
import json
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from host_fake import QUERY, RESOURCE, RUN, SUBSCRIBE, a_frame
from small_project import small_project

from gfplug.cli import main
from gfplug.commands.call import watch
from gfplug.errors import ToolError
from gfplug.host.drawing import pictures
from gfplug.host.drawing.plot import Series

if TYPE_CHECKING:
    from host_fake import Fake

START = 1_767_225_600_000
COLOURS = ((50, 116, 217), (224, 47, 68), (86, 166, 75), (255, 120, 10))
RULES = """
groups:
  - rules:
      - title: Busy
        condition: C
        data:
          - refId: A
            datasourceUid: fake
            relativeTimeRange: { from: 300, to: 60 }
            model: { table: sales, intervalMs: 5000 }
          - { refId: B, datasourceUid: __expr__, model: { type: reduce, reducer: max, expression: A } }
          - refId: C
            datasourceUid: __expr__
            model: { type: threshold, expression: B, conditions: [{ evaluator: { type: gt, params: [18] } }] }
"""


RANGE = [["--from", "now-6h"], ["--to", "now-1m"], ["--interval", "1m"], ["--max-data-points", "7"]]
MODEL = [["--model", "{}"], ["--set", "a=1"], ["--var", "a=1"]]
FILES = [["--record", "x.json"], ["--replay", "x.json"], ["--plot", "x.svg"], ["--har", "x.har"]]


def test_several_models_become_several_queries_of_one_request(fake: Fake) -> None:
    """They are named A, B, ...; `--set` and `--var` apply to each."""
    answers = {ref: {"status": 200, "frames": [a_frame()]} for ref in "AB"}
    dist = fake.dist(answers=fake.says(QUERY, {"responses": answers}))
    words = ["--model", '{"table": "$kind", "where": ["[[kind]]", "${host:csv}"]}', "--model", "{}", "--set", "limit=3"]

    assert main(["call", "query", dist, *words, "--var", "kind=sales", "--var", "host=a,b"]) == 0
    first, second = (json.loads(query.json) for query in fake.request(QUERY).queries)
    assert [query.refId for query in fake.request(QUERY).queries] == ["A", "B"]
    assert (first["table"], first["where"], first["limit"]) == ("sales", ["sales", "a,b"], 3)
    assert (second["limit"], "table" in second) == (3, False)


@pytest.mark.parametrize(("bound", "verdict"), [("18", "would fire"), ("19", "would not fire")])
def test_a_condition_of_the_command_line_is_evaluated(
    fake: Fake, dist: str, capsys: pytest.CaptureFixture[str], bound: str, verdict: str
) -> None:
    """Each label set has a line; the plugin gets the request of the alert engine."""
    assert main(["call", "query", dist, "--when", f"last > {bound}"]) == 0

    assert capsys.readouterr().out.splitlines() == [f"last > {bound}", f"  {verdict}: {{host=a}} (value 19)"]
    assert fake.request(QUERY).headers["FromAlert"] == "true"
    assert fake.request(QUERY).queries[0].maxDataPoints == 43_200


def test_provisioned_rules_are_evaluated(fake: Fake, dist: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule has its own range, model, reducer and threshold."""
    project = fake.folder
    (project / "gfplug.lock").touch()
    (project / "provisioning" / "alerting").mkdir(parents=True)
    (project / "provisioning" / "alerting" / "rules.yaml").write_text(RULES)

    assert main(["call", "query", dist, "--alert", "--json"]) == 0
    (outcome,) = json.loads(capsys.readouterr().out)
    assert (outcome["rule"], outcome["error"]) == ("Busy", "")
    assert outcome["instances"] == [{"labels": {"host": "a"}, "state": "ALERTING", "value": 19.0}]
    (query,) = fake.request(QUERY).queries
    assert (json.loads(query.json)["table"], query.intervalMS) == ("sales", 5000)
    assert query.timeRange.toEpochMS - query.timeRange.fromEpochMS == 240_000


def test_a_rule_that_would_fail_exits_with_6_and_grafanas_words(dist: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A series that is not reduced cannot be alerted on."""
    assert main(["call", "query", dist, "--when", "> 5"]) == 6
    assert "only reduced data can be alerted on" in capsys.readouterr().err


@pytest.mark.shows("errors: options of `gfplug call query`")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        *((["--when", text], "") for text in ("often", "avg > 1", "last > x")),
        (["--alert"], ""),
        (["--when", ""], "'' is not a condition"),
        (["--when", "last > nan"], "expects numbers"),
        (["--from", "yesterday"], ""),
        (["--interval", ""], "is not a duration"),
        (["--interval", "9999999999999w"], "is not a duration"),
        (["--timeout", "nan"], "'--timeout'"),
        (["--timeout", "inf"], "'--timeout'"),
        (["--timeout", "0"], "'--timeout'"),
        (["--plot", "x.gif"], "the file name must end with .svg or .png"),
        (["--alert", "--when", "last > 0"], "--alert can't be used with --when"),
        (["--when", "last > 0", "--model", "{}", "--model", "{}"], "--when evaluates one query, got 2 models"),
        *(
            ([*mode, *other], f"{mode[0]} can't be used with {other[0]}")
            for mode, others in [
                (["--alert"], [*RANGE, *MODEL, *FILES]),
                (["--when", "last > 0"], [*RANGE, *FILES]),
                (["--replay", "x.json"], [*RANGE, *MODEL]),
            ]
            for other in others
        ),
        (["--model", "[]"], ""),
        (["--replay", "none.json"], "create it with --record"),
    ],
)
def test_invalid_options_start_no_plugin(
    fake: Fake, dist: str, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    """An invalid condition, time, model or recording is a usage error before the plugin runs."""
    assert main(["call", "query", dist, *words]) == 2
    assert sentence in capsys.readouterr().err
    assert not (fake.folder / "record").exists()


def test_a_recording_is_asked_again_and_compared(
    fake: Fake, dist: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The request has the same range and model; a difference is named, and the exit code is 6."""
    recording = tmp_path / "sales.json"
    assert main(["call", "query", dist, "--set", "table=sales", "--record", str(recording)]) == 0
    first = fake.request(QUERY).queries[0]
    (fake.folder / "record").unlink()

    assert main(["call", "query", dist, "--replay", str(recording)]) == 0
    again = fake.request(QUERY).queries[0]
    assert (again.timeRange, json.loads(again.json)["table"]) == (first.timeRange, "sales")
    assert "The answers equal the recorded ones" in capsys.readouterr().err

    content = recording.read_text(encoding="utf-8").replace(" 7.0,", " 7.5,", 1)
    recording.write_text(content, encoding="utf-8")
    assert main(["call", "query", dist, "--replay", str(recording)]) == 6
    assert "A.frames[0].data.values[1][7]: 7.5 became 7.0" in capsys.readouterr().err


def test_a_plot_can_be_a_picture(dist: str, tmp_path: Path) -> None:
    """SVG needs no other package."""
    assert main(["call", "query", dist, "--plot", str(tmp_path / "a.svg")]) == 0
    picture = (tmp_path / "a.svg").read_text(encoding="utf-8")

    assert picture.startswith("<svg")
    assert "value {host=a}" in picture
    assert picture.count("L") > 15


def test_a_plot_can_be_a_png(tmp_path: Path) -> None:
    """Each series has a colour, also in the legend; a missing value interrupts the line."""
    image = pytest.importorskip("matplotlib.image")
    whole: list[tuple[int, float | None]] = [(at * 60_000, 1.0 if at % 2 else 2.0) for at in range(20)]
    broken = [(at, None if 300_000 < at < 900_000 else value) for at, value in whole]
    flat: list[tuple[int, float | None]] = [(at, 3.0) for at, _ in whole]

    def columns(points: list[tuple[int, float | None]], rows: slice) -> list[int]:
        lines = [Series(name="v", points=points), Series(name="flat", points=flat), Series(name="empty", points=[])]
        pictures.write(lines, tmp_path / "a.png")
        pixels = image.imread(tmp_path / "a.png")[rows, :, :3] * 255
        return [int((abs(pixels - colour).max(axis=2) < 3).any(axis=0).sum()) for colour in COLOURS]

    assert [count > 700 for count in columns(whole, slice(340))] == [True, True, False, False]
    assert 300 < columns(broken, slice(340))[0] < 600
    assert [count > 10 for count in columns(whole, slice(-60, None))] == [True, True, True, False]


@pytest.mark.parametrize(
    ("name", "sentence"), [("a.png", "a PNG needs matplotlib"), ("a.gif", "the file name must end with .svg or .png")]
)
def test_a_picture_that_cannot_be_drawn_is_a_usage_error(
    dist: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, sentence: str
) -> None:
    """Nothing is written."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    assert main(["call", "query", dist, "--plot", f"{dist}-{name}"]) == 2
    assert sentence in capsys.readouterr().err
    assert not Path(f"{dist}-{name}").exists()


def test_the_last_time_of_an_svg_is_inside_of_it() -> None:
    """The axis ends at the middle of its text, which fits into the picture."""
    text = pictures.svg([Series(name="v", points=[(START, 1.0), (START + 60_000, 2.0)])])
    (at,) = re.findall(r'<text x="([0-9.]+)"[^>]*>01-01 00:01:00<', text)
    (width,) = re.findall(r'<svg [^>]*width="(\d+)"', text)

    assert float(at) + 50 <= float(width)  # 14 characters of 7 pixels


def test_a_stream_prints_its_rows(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """The schema comes with the first packet, rows alone with the others."""
    schema = {"fields": [{"name": "time", "type": "time"}, {"name": "value", "type": "number"}]}
    packets = [{"schema": schema, "data": {"values": [[1], [2.5]]}}, {"data": {"values": [[2, 3], [3.5, 4.5]]}}]
    says = fake.says(RUN, *({"data": json.dumps(packet).encode()} for packet in packets))
    dist = fake.dist(answers={**fake.says(SUBSCRIBE, {"status": 0}), **says})

    assert main(["call", "stream", "ticks", dist, "--data", '{"a": 1}']) == 0
    assert capsys.readouterr().out.splitlines() == ["1  2.5", "2  3.5", "3  4.5"]
    assert fake.request(RUN).path == "ticks"
    assert fake.request(SUBSCRIBE).data == b'{"a": 1}'


@pytest.mark.shows("errors: a packet of a stream that is not a frame")
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_packets_that_are_not_frames_are_lines_of_json(
    fake: Fake, capsys: pytest.CaptureFixture[str], form: list[str]
) -> None:
    """JSON may come before, between and after frames; the stream continues."""
    schema = {"fields": [{"name": "value", "type": "number"}]}
    plain: list[object] = [
        {"v": 1},
        [1, 2],
        "text",
        5,
        None,
        True,
        {},
        {"data": 3},
        {"schema": {"version": 2}},
        {"data": []},
    ]
    packets = [*plain, {"schema": schema, "data": {"values": [[2.5]]}}, *plain, {"data": {"values": [[3.5]]}}]
    says = fake.says(RUN, *({"data": json.dumps(packet).encode()} for packet in packets))
    dist = fake.dist(answers={**fake.says(SUBSCRIBE, {"status": 0, "data": b'{"hello": 1}'}), **says})

    assert main(["call", "stream", "ticks", dist, *form]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == ([{"hello": 1}, *packets] if form else [{"hello": 1}, *plain, 2.5, *plain, 3.5])


def test_rows_before_a_schema_are_shown_with_a_warning(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """A panel cannot show rows without a schema."""
    says = fake.says(RUN, {"data": b'{"data": {"values": [[1.5]]}}'})
    dist = fake.dist(answers={**fake.says(SUBSCRIBE, {"status": 0}), **says})

    assert main(["call", "stream", "ticks", dist]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {"data": {"values": [[1.5]]}}
    assert "these rows came before a schema: a panel does not show them" in err


@pytest.mark.shows("errors: a packet of a stream that is not a frame")
@pytest.mark.parametrize(
    ("packet", "sentence"),
    [
        (b"{nan", "a packet that is not JSON"),
        (b'{"schema": {"fields": [3]}}', "a packet that is not a frame, because the fields of its schema"),
        (b'{"schema": {"fields": [{"name": "a"}]}, "data": {"values": [[1], [2]]}}', "2 columns for a schema of 1"),
    ],
)
def test_a_packet_that_grafana_cannot_read_ends_the_stream(
    fake: Fake, capsys: pytest.CaptureFixture[str], packet: bytes, sentence: str
) -> None:
    """Such packets are not JSON, or are not valid frames."""
    says = fake.says(RUN, {"data": packet})
    dist = fake.dist(answers={**fake.says(SUBSCRIBE, {"status": 0}), **says})

    assert main(["call", "stream", "ticks", dist]) == 6
    assert sentence in capsys.readouterr().err


def test_a_refused_channel_exits_with_6(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """The error has the plugin's status as a word."""
    dist = fake.dist(answers=fake.says(SUBSCRIBE, {"status": 1}))

    assert main(["call", "stream", "nowhere", dist]) == 6
    assert "refused the channel 'nowhere': not found" in capsys.readouterr().err


def test_each_save_runs_the_query_again_even_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failure is shown; the next save may correct it, and Ctrl-C ends without a traceback."""
    project = small_project(tmp_path / "project")
    attempts: list[int] = []
    looks = iter(range(3))

    def ask() -> None:
        attempts.append(len(attempts))
        if len(attempts) == 1:
            raise ToolError("broken today")

    def sleep(_seconds: float) -> None:
        look = next(looks)
        if look == 2:
            raise KeyboardInterrupt
        if look == 1:
            (project.source / "datasource.py").write_text("x = 1")

    monkeypatch.setattr("time.sleep", sleep)
    watch.repeat(project.root, ask)

    assert attempts == [0, 1]
    assert "broken today" in capsys.readouterr().err


def test_a_subscription_has_the_timeout_that_was_given(fake: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    """The default of a minute does not apply."""
    answers = fake.says(SUBSCRIBE, {"status": 0})
    dist = fake.dist(answers={SUBSCRIBE: {**answers[SUBSCRIBE], "sleep": 30}})
    began = time.monotonic()

    assert main(["call", "stream", "ticks", dist, "--timeout", "3"]) == 6
    assert "did not answer Stream.SubscribeStream within 3 s" in capsys.readouterr().err
    assert time.monotonic() - began < 25


@pytest.mark.parametrize(
    ("encoding", "body", "output_text"),
    [
        ("latin-1", '"\\ud800 日本"', "? ??\n"),
        ("utf-8", '"\\ud800 日本"', "? 日本\n"),
        ("latin-1", '{"é": "日"}', '{\n  "\\u00e9": "\\u65e5"\n}\n'),
        ("latin-1", "text of 日本 é", "text of ?? é\n"),
        ("utf-8", '["\\ud800"]', '[\n  "\\ud800"\n]\n'),
    ],
)
def test_characters_that_stdout_cannot_show_are_not_a_failure(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, encoding: str, body: str, output_text: str
) -> None:
    """JSON is valid in any encoding; the other characters of a text are shown."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    dist = fake.dist(answers=fake.says(RESOURCE, {"code": 200, "body": body.encode()}))
    monkeypatch.setattr(sys, "stdout", stream)

    assert main(["call", "resource", "x", dist]) == 0
    stream.seek(0)
    assert stream.read() == output_text
