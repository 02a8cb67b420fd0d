"""Evaluate a rule once: reduce and compare a reading; the result is the state of each label set.

Source: github.com/grafana/grafana, pkg/services/ngalert/eval.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from gfplug.host.alerting import readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.host.alerting.expressions import Comparison, Reduction
    from gfplug.host.alerting.readings import Reading, Value

_DUPLICATES = "frame cannot uniquely be identified by its labels: has duplicate results with labels {%s}"
_NOT_REDUCED = "looks like time series data, only reduced data can be alerted on."
_REDUCE_NOT_NEEDED = "the answer holds numbers, not series: the reduce step is not needed"


class State(Enum):
    """The state of one label set."""

    ALERTING = "would fire"
    NORMAL = "would not fire"
    NO_DATA = "would be without data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One label set, its state, and the compared number."""

    labels: Mapping[str, str]
    state: State
    value: Value


_NO_DATA_RESULT = Instance(labels={}, state=State.NO_DATA, value=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """The result of a rule: its instances, or its error."""

    instances: Sequence[Instance] = ()
    error: str = ""
    mistake: str = ""
    """Why the rule is certainly a mistake, such as one alert for each row; `hint` is the fix."""

    hint: str = ""
    warnings: Sequence[str] = ()


def evaluate(
    frames: Sequence[Mapping[str, Any]],
    reduction: Reduction | None,
    comparison: Comparison | None,
    *,
    ref_id: str = "A",
) -> RuleResult:
    """Evaluate a rule of at most one reduce and one threshold on the frames of a query."""
    reading = readings.read(frames, ref_id=ref_id)
    if reading.kind == "error":
        return RuleResult(error=reading.error, hint=_time_hint(reading) or reading.hint, warnings=reading.warnings)
    if reading.kind == "no data":
        return RuleResult(instances=[_NO_DATA_RESULT], warnings=reading.warnings)
    if reading.kind == "series" and reduction is None:
        return RuleResult(error=_NOT_REDUCED, hint="add a reduce step: --when 'last > 0'", warnings=reading.warnings)
    numbers = _numbers(reading, reduction)
    needless = [_REDUCE_NOT_NEEDED] if reading.kind == "numbers" and reduction is not None else []
    warnings = [*reading.warnings, *needless]
    if (duplicate := _find_duplicate(numbers)) is not None:
        hint = _time_hint(reading) or "add a label that distinguishes the results"
        return RuleResult(error=_DUPLICATES % duplicate, hint=hint, warnings=warnings)
    instances = [_instance(*number, comparison) for number in numbers] or [_NO_DATA_RESULT]
    if reading.time_like is None:
        return RuleResult(instances=instances, warnings=warnings)
    column, hint = reading.time_like
    fires = any(each.state is State.ALERTING for each in instances)
    state = State.ALERTING if fires else instances[0].state
    mistake = f"{state.value}, as one alert for each row: {column}"
    return RuleResult(instances=instances, mistake=mistake, hint=hint, warnings=warnings)


def _time_hint(reading: Reading) -> str:
    return f"{reading.time_like[0]}, not times: {reading.time_like[1]}" if reading.time_like else ""


def _numbers(reading: Reading, reduction: Reduction | None) -> list[tuple[Mapping[str, str], Value]]:
    if reading.kind == "numbers" or reduction is None:
        return [(item.labels, item.values[0]) for item in reading.items]
    return [(item.labels, reduction.apply(item.values)) for item in reading.items]


def _instance(labels: Mapping[str, str], number: Value, comparison: Comparison | None) -> Instance:
    result = comparison.apply(number) if comparison else number
    if result is None:
        return Instance(labels=labels, state=State.NO_DATA, value=number)
    return Instance(labels=labels, state=State.NORMAL if result == 0 else State.ALERTING, value=number)  # NaN alerts


def _find_duplicate(numbers: Sequence[tuple[Mapping[str, str], Value]]) -> str | None:
    counts = Counter(text_of(labels) for labels, _ in numbers)
    return next((labels for labels, count in counts.items() if count > 1), None)


def text_of(labels: Mapping[str, str]) -> str:
    """Write labels as Grafana's messages do."""
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items()))
