"""How Grafana's alert rules read an answer."""

from __future__ import annotations

import datetime as dt
import importlib.util
import json
import sys

import pytest
from framesamples import frames as random_frames
from hypothesis import given

from gfruntime import Field, Frame
from gfruntime.calls import rulecheck
from gfruntime.frames import alerting, contract, frametext, series

T = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(3)]
WIDE = Frame.of(time=T[:2], v=[1.0, 2.0])


def verdict(*frames: Frame) -> alerting.Verdict:
    """Classify frames by their JSON, as a tool outside the plugin does."""
    return alerting.classify([alerting.Sketch.from_json(json.loads(frametext.encode(frame))) for frame in frames])


def with_type(frame: Frame, frame_type: str, version: tuple[int, int] = (0, 1)) -> Frame:
    """Set the type of a frame without a check of its shape."""
    return frame.with_meta(type=frame_type, typeVersion=list(version))


def items(result: alerting.Verdict) -> list[tuple[str, dict[str, str]]]:
    """List the names and labels of the items that a rule sees."""
    return [(item.name, dict(item.labels)) for item in result.items]


TEXT = Frame.of(time=T[:2], host=["a", "b"], v=[1.0, 2.0])
NULL_TIME = Frame.of(time=[T[0], None], v=[1.0, 2.0])


@pytest.mark.shows("frames 42", "frames 43")
@pytest.mark.parametrize(
    ("frames", "kind", "message"),
    [
        ([], "no data", ""),
        ([Frame()], "no data", ""),
        ([Frame(meta={"custom": {}})], "no data", ""),
        ([with_type(Frame(), "timeseries-multi")], "no data", ""),
        ([with_type(Frame(), "numeric-long"), WIDE], "no data", ""),
        ([TEXT], "error", "input data must be a wide series but got type long (input refid)"),
        ([Frame.of(time=T[:1], up=[True], v=[1])], "error", "input data must be a wide series but got type long"),
        ([with_type(TEXT, "timeseries-long")], "series", ""),
        ([with_type(TEXT, "timeseries-long", (0, 0))], "error", "got type long"),
        ([with_type(TEXT, "timeseries-long", (2, 5))], "series", ""),
        ([Frame.of(a=[1], b=[2])], "error", "input data must be a wide series but got type not (input refid)"),
        ([Frame.of(time=T[:1])], "error", "got type not"),
        ([Frame.of(time=T[:1], line=["x"])], "error", "got type not"),
        ([Frame(), Frame()], "error", "got type not"),
        ([WIDE, Frame.of(host=["a"], v=[1])], "error", "got type not"),
        ([with_type(NULL_TIME, "timeseries-wide")], "error", "frame 0 is missing a []time.Time field"),
        ([NULL_TIME], "error", "time series with null time stamps are not supported"),
        (
            [with_type(Frame.of(time=T[:1], s=["a"]), "timeseries-wide")],
            "error",
            "frame is missing a numeric value field",
        ),
        (
            [with_type(Frame.of(time=T[:1]), "timeseries-multi")],
            "error",
            "frame 0 must have at least one value field but has 0",
        ),
        (
            [with_type(WIDE, "timeseries-multi"), with_type(Frame(), "timeseries-multi")],
            "error",
            "frame 1 has zero or null fields which is invalid when more than one frame",
        ),
        ([with_type(WIDE, "timeseries-multi"), Frame()], "series", ""),
        ([with_type(Frame.of(v=[1]), "numeric-multi"), Frame.of(v=[1])], "error", "expected NumericMulti but got"),
        ([Frame.of(host=["a", "b"], v=[1, 2])], "numbers", ""),
        ([with_type(Frame.of(host=["a"], v=[1], w=[2]), "numeric-long")], "numbers", ""),
        ([with_type(Frame.of(v=[1]), "numeric-wide")], "numbers", ""),
        ([WIDE], "series", ""),
        ([WIDE, WIDE], "series", ""),
        ([with_type(WIDE, "table")], "series", ""),
        ([with_type(Frame.of(a=["x"]), "log-lines")], "error", "got type not"),
        ([Frame.of(time=T[:1], other=T[:1])], "error", "no float64 value column found in frame "),
        (
            [Frame(fields=[Field("t", [], "time"), Field("v", [], "int64")], name="n")],
            "error",
            "no float64 value column found in frame n",
        ),
        ([Frame(fields=[Field("t", T[:1]), Field("j", [{}])])], "error", "no float64 value column"),
    ],
)
def test_answers_are_classified_as_grafana_does(frames: list[Frame], kind: str, message: str) -> None:
    """Each answer is classified as no data, numbers, series, or the error that Grafana gives, with Grafana's text."""
    result = verdict(*frames)

    assert result.kind == kind
    assert message in result.message
    assert bool(result.hint) == (kind == "error")


@pytest.mark.shows("frames 42")
def test_errors_have_grafanas_prefix() -> None:
    """The error has the text of Grafana's log, with the ref id."""
    assert verdict(TEXT).error("A").startswith("[sse.readDataError] [A] got error: input data must be a wide series")


def test_labels_come_from_fields_or_from_text_columns() -> None:
    """Labels come from the fields, or from text columns if a frame has any; null text is empty."""
    numbers = Frame.of(host=["a", None], v=[1, 2])
    frame = Frame(fields=WIDE.fields, name="cpu").labelled({"h": "a"})

    assert items(verdict(numbers)) == [("v", {"host": "a"}), ("v", {"host": ""})]
    assert items(verdict(with_type(TEXT, "timeseries-long"))) == [("v", {"host": "a"}), ("v", {"host": "b"})]
    assert items(verdict(frame)) == [("cpu", {"h": "a"})]
    assert items(verdict(with_type(frame, "timeseries-wide"))) == [("v", {"h": "a"})]
    assert items(verdict(with_type(Frame.of(b=[1], a=[2], up=[True]), "numeric-wide"))) == [("a", {}), ("b", {})]


@pytest.mark.shows("frames 39", "frames 46")
@pytest.mark.parametrize(
    ("frames", "warning"),
    [
        ([Frame.of(time=T[:1], a=[1.0], b=[2.0])], "2 series have the labels {}: a rule fails with"),
        ([Frame.of(host=["a", "a"], v=[1, 2])], "2 numbers have the labels {host=a}"),
        ([WIDE, WIDE], "2 series have the labels {}"),
        ([Frame(fields=WIDE.fields, meta={"channel": "ds/a/b"})], "only panels read a channel"),
        ([with_type(WIDE, "timeseries-wide", (0, 0))], "its version is [0, 0]"),
        ([Frame.of(time=[T[1], T[0]], v=[1.0, 2.0])], "do not ascend"),
        ([Frame.of(time=[T[0], T[0]], v=[1.0, 2.0])], "occurs more than once"),
        ([Frame(fields=[Field("host", ["a"]), Field("v", [None], "float64")])], "becomes NaN, and NaN fires the alert"),
        (
            [with_type(Frame.of(time=[T[0]] * 2, h=["a"] * 2, v=[1, 2]), "timeseries-long")],
            "'v' of {h=a} has 2 points at one time",
        ),
        ([with_type(Frame.of(time=[T[0]] * 2, v=[1, 2]), "timeseries-long")], "'v' of {} has 2 points at one time"),
        ([with_type(WIDE, "timeseries-wide"), WIDE], "the 1 after the first are ignored"),
        ([with_type(WIDE, "timeseries-multi"), WIDE], "frame 1 has another type than the first"),
        ([with_type(Frame.of(time=T[:1], a=[1], b=[2]), "timeseries-multi")], "column 'b' is a second value"),
        ([with_type(Frame.of(v=[1, 2]), "numeric-wide")], "column 'v' has 2 rows, but only one is allowed"),
        ([with_type(Frame.of(v=[1], s=["x"]), "numeric-wide")], "column 's' is text and ignored"),
        ([Frame.of(time=T[:1], v=[1.0], labels={"alertname": "x"})], "the label 'alertname' is reserved by Grafana"),
        ([with_type(Frame(fields=[Field("t", [], "time"), Field("v", [])]), "timeseries-wide")], "without points"),
    ],
)
def test_frames_that_may_fail_later_give_a_warning(frames: list[Frame], warning: str) -> None:
    """Grafana's reader accepts repeated labels, channels, lost data and odd times."""
    result = verdict(*frames)

    assert result.kind != "error"
    assert any(warning in text for text in result.warnings)


def test_a_good_answer_has_no_warnings() -> None:
    """Frames that the runtime gives a type are read by the contract, without a warning."""
    for frames in ([WIDE], TEXT.group_by("host"), [TEXT], [Frame.of(host=["a", "b"], v=[1, 2])], [Frame.of(v=[1])]):
        result = verdict(*contract.set_types(frames))

        assert result.kind in ("series", "numbers")
        assert result.warnings == []


@pytest.mark.shows("frames 42")
@given(random_frames)
def test_shapes_agree_with_the_series_module(frame: Frame) -> None:
    """The shape that decides about a frame without a type is the shape that conversions use."""
    assert alerting._shape(rulecheck.sketch(frame)) == series.shape(frame)


@given(random_frames)
def test_sketches_from_json_and_from_columns_agree(frame: Frame) -> None:
    """A frame sketched from its JSON and from its columns is classified alike."""
    assert alerting.classify([rulecheck.sketch(frame)]) == verdict(frame)


def test_the_classifier_imports_only_the_standard_library() -> None:
    """The file is loaded by its path and imports nothing but the standard library, so that other tools can use it."""
    spec = importlib.util.spec_from_file_location("alone", alerting.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["alone"] = module
    spec.loader.exec_module(module)
    del sys.modules["alone"]

    assert module.classify([]).kind == "no data"
    assert not [name for name in vars(module) if name.startswith("gfruntime")]
