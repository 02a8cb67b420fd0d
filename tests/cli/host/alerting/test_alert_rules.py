"""Provisioned alert rules: an error names the file and the rule."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gfplug.errors import ProjectError
from gfplug.host import alerting

if TYPE_CHECKING:
    from pathlib import Path


def rule(
    *, reducer: object = "last", mode: object = "", params: object = (1,), model: object = None, span: object = None
) -> dict[str, Any]:
    """Describe a rule."""
    query = {"refId": "A", "datasourceUid": "x", "model": {} if model is None else model}
    reduce = {"type": "reduce", "reducer": reducer, "expression": "A", "settings": {"mode": mode}}
    threshold = {
        "type": "threshold",
        "expression": "B",
        "conditions": [{"evaluator": {"type": "gt", "params": params}}],
    }
    return {
        "title": "Busy",
        "condition": "C",
        "data": [
            query | ({} if span is None else {"relativeTimeRange": span}),
            {"refId": "B", "datasourceUid": "__expr__", "model": reduce},
            {"refId": "C", "datasourceUid": "__expr__", "model": threshold},
        ],
    }


def write_rules(folder: Path, *rules: object) -> Path:
    """Write a file of rules."""
    (folder / "rules.yaml").write_text(json.dumps({"groups": [{"rules": rules}]}))
    return folder


def test_a_rule_is_read_with_its_reduce_and_threshold(tmp_path: Path) -> None:
    """It has a query, a reduce step and a threshold."""
    (read,) = alerting.read_rules(write_rules(tmp_path, rule()))

    assert (read.title, read.ref_id, read.start, read.end) == ("Busy", "A", 600, 0)


@pytest.mark.shows("errors: an alert rule that cannot be evaluated")
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"reducer": "stddev"}, "unknown reducer 'stddev'"),
        ({"mode": "x"}, "unknown reduce mode 'x'"),
        ({"params": []}, "the threshold gt needs a number"),
        ({"params": ["nan"]}, "the threshold gt expects numbers, got nan"),
        ({"params": ["x"]}, "could not convert"),
        ({"params": {}}, "the threshold gt needs a number"),
        ({"span": {"from": 1e300}}, "from is 1e+300"),
        ({"span": {"from": "inf"}}, "from is inf"),
        ({"span": {"to": -1}}, "to is -1"),
        ({"span": []}, "Busy"),
        ({"model": {"intervalMs": "nan"}}, "intervalMs is nan"),
        ({"model": {"maxDataPoints": "inf"}}, "maxDataPoints is inf"),
        ({"model": []}, "Busy"),
    ],
)
def test_an_invalid_rule_is_named_with_its_file(tmp_path: Path, values: dict[str, Any], sentence: str) -> None:
    """Its reducer is unknown, its limits are not numbers, or its times are out of range."""
    with pytest.raises(ProjectError) as excinfo:
        alerting.read_rules(write_rules(tmp_path, rule(**values)))

    assert "rules.yaml: the rule 'Busy'" in excinfo.value.message
    assert sentence in excinfo.value.message
