"""The alert rules of a project's provisioning: the query of each, and its reduce and threshold."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError, UsageError
from gfplug.host import provisioning
from gfplug.host.alerting.expressions import Comparison, Reduction, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_EXPRESSION = "__expr__"
_MOST_POINTS, _INTERVAL_MS = 43_200, 1_000
_MAX_SECONDS = 3e9  # seconds: a hundred years
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Units: `start` and `end` are seconds before now, `interval_ms` milliseconds."""

    title: str
    ref_id: str = "A"
    model: Mapping[str, Any] = field(default_factory=dict)
    start: float = 600.0
    end: float = 0.0
    interval_ms: float = _INTERVAL_MS
    max_data_points: int = _MOST_POINTS
    reduction: Reduction | None = None
    comparison: Comparison | None = None


def condition(text: str, *, model: Mapping[str, Any]) -> Rule:
    """Make a rule from a condition such as `last > 0.5`.

    Raises: UsageError if the text cannot be read.
    """
    reduction, comparison = parse(text)
    return Rule(title=text, model=model, reduction=reduction, comparison=comparison)


def read_rules(folder: Path) -> list[Rule]:
    """Read all supported rules below a provisioning folder; warnings name the unsupported ones.

    Raises: ProjectError for a file that cannot be read.
    """
    rules: list[Rule] = []
    for path, content in provisioning.read_all(folder):
        try:
            entries = [rule for group in (content or {}).get("groups", []) for rule in group.get("rules", [])]
            titles = [rule.get("title") for rule in entries]
        except (AttributeError, TypeError) as error:
            raise ProjectError(
                f"{path} is not a file of alert rules", hint="it needs a list `groups`; each group needs a list `rules`"
            ) from error
        for rule, title in zip(entries, titles, strict=True):
            try:
                rules += _rule(rule)
            except (KeyError, IndexError) as error:
                raise ProjectError(f"{path}: the rule {title!r} lacks {error}") from error
            except UsageError as error:
                raise ProjectError(f"{path}: the rule {title!r}: {error.message}", hint=error.hint) from error
            except (AttributeError, TypeError, ValueError, OverflowError) as error:
                raise ProjectError(f"{path}: the rule {title!r} cannot be read: {error}") from error
    return rules


def _rule(rule: Mapping[str, Any]) -> Iterator[Rule]:
    steps = {step["refId"]: step for step in rule["data"]}
    ref_id, reduction, comparison = rule["condition"], None, None
    while (step := steps[ref_id]).get("datasourceUid") == _EXPRESSION:
        model = step["model"]
        if model["type"] == "threshold" and comparison is None and reduction is None:
            evaluator = model["conditions"][0]["evaluator"]
            comparison = Comparison(operator=evaluator["type"], bounds=tuple(map(float, evaluator["params"])))
        elif model["type"] == "reduce" and reduction is None:
            reduction = _reduction(model)
        else:
            _log.warning("rule %r: gfplug does not evaluate its %s step", rule.get("title"), model["type"])
            return
        ref_id = model["expression"].lstrip("$").strip("{}")
    span, model = step.get("relativeTimeRange", {}), step["model"]
    yield Rule(
        title=str(rule.get("title", "")),
        ref_id=ref_id,
        model=model,
        start=_number(span, "from", 600),
        end=_number(span, "to", 0),
        interval_ms=_number(model, "intervalMs", _INTERVAL_MS),
        max_data_points=int(_number(model, "maxDataPoints", _MOST_POINTS)),
        reduction=reduction,
        comparison=comparison,
    )


def _number(values: Mapping[str, Any], key: str, default: float) -> float:
    number = float(values.get(key, default))
    if not 0 <= number <= _MAX_SECONDS:
        raise ValueError(f"{key} is {number:g}, not a number from 0 to {_MAX_SECONDS:g}")
    return number


def _reduction(model: Mapping[str, Any]) -> Reduction:
    settings = model.get("settings") or {}
    return Reduction(
        reducer=model["reducer"],
        mode=settings.get("mode", ""),
        replacement=float(settings.get("replaceWithValue") or 0.0),
    )
