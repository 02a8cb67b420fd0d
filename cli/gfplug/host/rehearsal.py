"""Evaluate alert rules with a running plugin: send the query of each rule as Grafana does, and apply the rule."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from gfplug.host import alerting
from gfplug.host.convert import Query, query_type_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gfplug.host.alerting import Rule, RuleResult
    from gfplug.host.client import RunningPlugin
    from gfplug.host.settings import Settings


def rehearse(
    plugin: RunningPlugin, rules: Sequence[Rule], source: Settings, *, now: datetime, timeout: float
) -> list[tuple[Rule, RuleResult]]:
    """Evaluate each rule once; a failed query becomes its rule's error."""
    return [(rule, _evaluate(plugin, rule, source, now=now, timeout=timeout)) for rule in rules]


def result_json(rule: Rule, result: alerting.RuleResult) -> dict[str, Any]:
    """Return a rule's result in the form of `gfplug call query --alert --json`."""

    def value(number: float | None) -> object:  # JSON has neither NaN nor infinities
        return number if number is None or math.isfinite(number) else str(number)

    instances = [
        {"labels": dict(each.labels), "state": each.state.name, "value": value(each.value)} for each in result.instances
    ]
    return {
        "rule": rule.title,
        "instances": instances,
        "error": result.error,
        "mistake": result.mistake,
        "warnings": list(result.warnings),
    }


def _evaluate(
    plugin: RunningPlugin, rule: Rule, source: Settings, *, now: datetime, timeout: float
) -> alerting.RuleResult:
    query = Query(
        ref_id=rule.ref_id,
        start=now - timedelta(seconds=rule.start),
        end=now - timedelta(seconds=rule.end),
        interval=timedelta(milliseconds=rule.interval_ms),
        max_data_points=rule.max_data_points,
        model=rule.model,
        query_type=query_type_of(rule.model),
    )
    answer = plugin.query_data([query], source, is_alert=True, timeout=timeout).get(rule.ref_id)
    if answer is not None and answer.error:
        text = f"[sse.dataQueryError] failed to execute query [{rule.ref_id}]: {answer.error}"
        return alerting.RuleResult(error=text, hint=plugin.logs.hint())
    frames = answer.frames if answer is not None else []
    outcome = alerting.evaluate(frames, rule.reduction, rule.comparison, ref_id=rule.ref_id)
    missing = [f"query {rule.ref_id} has no answer, which means no data"] if answer is None else []
    return replace(outcome, warnings=[*missing, *outcome.warnings])
