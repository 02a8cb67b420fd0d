"""The metadata of frames and fields: keys that Grafana reads strictly are checked before they are sent."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from typing import Any

import pytest

from gfruntime import Field, Frame
from gfruntime.errors import FrameError
from gfruntime.frames import frametext, metadata


def written_config(**config: object) -> dict[str, Any]:
    """Make a field with this config and return it as it is written."""
    text = frametext.encode(Frame(fields=[Field("v", [1.0], config=config)]))
    value: dict[str, Any] = json.loads(text)["schema"]["fields"][0]["config"]
    return value


def written_meta(**meta: object) -> dict[str, Any]:
    """Make a frame with this meta and return it as it is written."""
    value: dict[str, Any] = json.loads(frametext.encode(Frame(meta=meta)))["schema"]["meta"]
    return value


@pytest.mark.shows("frames 19")
@pytest.mark.parametrize("version", [[0, 1], (0, 1), [0.0, 1.0]])
def test_type_version_is_two_whole_numbers(version: object) -> None:
    """A typeVersion becomes a list of two non-negative integers from any form."""
    value = written_meta(typeVersion=version)["typeVersion"]

    assert json.dumps(value) == "[0, 1]"


@pytest.mark.shows("frames 20")
def test_notices_have_a_severity_and_a_tab() -> None:
    """A notice has a severity as text and the inspector's tab as a number."""
    frame = Frame().with_notice("cut", "warning", inspect="stats").with_notice("see", link="/docs")

    assert frame.meta == {
        "notices": [
            {"severity": "warning", "text": "cut", "inspect": 4},
            {"severity": "info", "text": "see", "link": "/docs"},
        ]
    }


@pytest.mark.shows("frames 21")
def test_whole_numbers_are_written_without_a_point() -> None:
    """The keys decimals and uniqueRowIdFields are integers, never floats, numpy's included."""
    numpy = pytest.importorskip("numpy")
    text = json.dumps([written_config(decimals=2.0), written_meta(uniqueRowIdFields=numpy.array([0, 1]))])

    assert text == '[{"decimals": 2}, {"uniqueRowIdFields": [0, 1]}]'


@pytest.mark.shows("frames 22", "frames 24")
def test_thresholds_begin_without_a_value() -> None:
    """Steps have only a value, a color and a state; the first value is always null."""
    steps = [{"color": "green"}, {"value": 80, "color": "red", "state": "bad"}]
    minus_infinity = [{"value": -math.inf, "color": "green"}]

    assert written_config(thresholds={"steps": steps})["thresholds"] == {
        "mode": "absolute",
        "steps": [{"value": None, "color": "green"}, {"value": 80, "color": "red", "state": "bad"}],
    }
    assert written_config(thresholds={"steps": minus_infinity})["thresholds"]["steps"][0]["value"] is None


@pytest.mark.shows("frames 23")
def test_mappings_of_every_kind_are_accepted() -> None:
    """A mapping has the type value, range or special, and the options of this type."""
    mappings = [
        {"type": "value", "options": {"1": {"text": "on", "color": "green", "index": 0}}},
        {"type": "range", "options": {"from": 1.5, "to": None, "result": {"text": "many"}}},
        {"type": "special", "options": {"match": "null+nan", "result": {"text": "none"}}},
    ]
    value = written_config(mappings=mappings)["mappings"]

    assert value == mappings


@pytest.mark.shows("frames 24")
def test_bounds_without_a_number_are_null() -> None:
    """min, max and thresholds that are NaN or infinite are written as null."""
    assert written_config(min=math.nan, max=math.inf) == {"min": None, "max": None}
    assert written_config(min=-1, max=2.5) == {"min": -1, "max": 2.5}


@pytest.mark.shows("frames 25")
def test_metadata_has_no_nan_anywhere() -> None:
    """NaN and the infinities are null at any depth; numpy's scalars are numbers, times are text."""
    numpy = pytest.importorskip("numpy")
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    custom = {"a": [math.nan, {"b": -math.inf}], "n": numpy.int64(3), "f": numpy.float32("nan"), "t": noon}

    expected = {"a": [None, {"b": None}], "n": 3, "f": None, "t": "2026-01-01T12:00:00Z"}
    assert written_meta(custom=custom)["custom"] == expected
    assert written_config(custom=custom)["custom"] == expected


@pytest.mark.shows("frames 26")
def test_unknown_meta_goes_under_custom() -> None:
    """The author's other keys go under `custom`, not to the top level, and keep the keys there."""
    assert written_meta(rows=3, custom={"b": 1}) == {"custom": {"rows": 3, "b": 1}}


@pytest.mark.shows("frames 19", "frames 20")
@pytest.mark.parametrize(
    ("meta", "where"),
    [
        *(({"typeVersion": each}, "meta.typeVersion") for each in ([0], [0, 1, 2], [0, -1], [0, 0.5], ["0", "1"])),
        *(({"typeVersion": each}, "meta.typeVersion") for each in ("0.1", 1)),
        *(({"notices": [{"severity": each, "text": ""}]}, "notices[0]") for each in ("warn", "", 1)),
        *(({"notices": [{"text": "", "inspect": each}]}, "notices[0]") for each in (0, 5, "logs", True)),
        ({"notices": [{"message": "a"}]}, "notices[0]"),
        ({"stats": [{"displayName": "rows"}]}, "stats[0] lacks 'value'"),
    ],
)
def test_invalid_meta_is_refused(meta: dict[str, object], where: str) -> None:
    """A version is two whole numbers, severities and tabs are Grafana's, stats have a value; errors name the key."""
    with pytest.raises(FrameError, match=re.escape(where)):
        Frame(meta=meta)


@pytest.mark.shows("frames 21", "frames 22", "frames 23")
@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"units": "s"}, "the config of 'v' has the unknown key 'units'; did you mean 'unit'?"),
        ({"unit": 3}, "unit must be text"),
        ({"filterable": "yes"}, "filterable must be true or false"),
        ({"interval": math.nan}, "interval must be a finite number"),
        ({"links": [{"title": 1}]}, "title must be text"),
        ({"links": {"title": "a"}}, "links must be a list"),
        ({"type": {"enum": {}}}, "type.enum lacks 'text'"),
        ({"color": "red"}, "color must be an object"),
        *(({"decimals": each}, "the config of 'v'.decimals") for each in (2.5, -1, 65_536, "2", True)),
        ({"thresholds": {"steps": [{"value": 1}]}}, "thresholds.steps[0].value must be None"),
        ({"thresholds": {"steps": [{"value": None}, {"value": 3}, {"value": 2}]}}, "thresholds.steps must be sorted"),
        ({"thresholds": {"steps": [{"value": None}, {"value": None}]}}, "thresholds.steps must be sorted"),
        ({"thresholds": {"steps": [{"value": None, "colour": "red"}]}}, "thresholds.steps[0] has the unknown key"),
        ({"thresholds": {"steps": [{"value": "1"}]}}, "thresholds.steps[0].value must be a number"),
        ({"mappings": [{"type": "regex", "options": {}}]}, "mappings[0].type must be one of"),
        ({"mappings": [{"options": {}}]}, "mappings[0] lacks 'type'"),
        ({"mappings": [{"type": "special", "options": {"match": "nil", "result": {}}}]}, "mappings[0].options.match"),
        ({"mappings": [{"type": "range", "options": {"from": 1}}]}, "mappings[0].options lacks 'result'"),
        ({"mappings": [{"type": "value", "options": {"1": {"icon": "x"}}}]}, "mappings[0].options.1 has the unknown"),
    ],
)
def test_invalid_config_is_refused(config: dict[str, object], where: str) -> None:
    """Every key has the type that Grafana decodes it to; a misspelt key would be lost without an error."""
    with pytest.raises(FrameError, match=re.escape(where)):
        Field("v", [1.0], config=config)


def test_links_and_stats_are_written_as_given() -> None:
    """Data links with all parts, and stats with a unit, are written as given; times in links are RFC 3339."""
    start = dt.datetime(2026, 1, 1)  # noqa: DTZ001  # naive times are UTC
    link = {
        "title": "more",
        "url": "/d",
        "targetBlank": True,
        "internal": {
            "query": {"a": 1},
            "datasourceUid": "u",
            "datasourceName": "n",
            "panelsState": {"x": 1},
            "transformations": [{"type": "regex", "field": "f", "expression": "e", "mapValue": "m"}],
            "timeRange": {"from": start, "to": "2026-01-02T00:00:00Z"},
        },
    }
    stat = {"displayName": "rows", "unit": "short", "value": 3}
    value = written_config(links=[link])["links"][0]

    assert value["internal"]["timeRange"] == {"from": "2026-01-01T00:00:00+00:00", "to": "2026-01-02T00:00:00Z"}
    assert {**value, "internal": None} == {**link, "internal": None}
    assert written_meta(stats=[stat])["stats"] == [stat]


def test_meta_and_config_are_extended_in_place() -> None:
    """with_meta and with_config return a copy with more keys; the original stays."""
    frame = Frame(meta={"path": "a"})
    field = Field("v", [1.0], config={"unit": "s"})

    assert frame.with_meta(executedQueryString="q").meta == {"path": "a", "executedQueryString": "q"}
    assert field.with_config(decimals=1).config == {"unit": "s", "decimals": 1}
    assert (frame.meta, field.config) == ({"path": "a"}, {"unit": "s"})


def test_keys_that_grafana_ignores_are_dropped() -> None:
    """Fields and frames ignore different keys."""
    assert metadata.only_known({"unit": "s", "x": 1}, of_field=True) == {"unit": "s"}
    assert metadata.only_known({"unit": "s", "path": "p"}, of_field=False) == {"path": "p"}
