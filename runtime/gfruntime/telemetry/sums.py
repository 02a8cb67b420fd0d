"""Merge the metrics of several processes: counters and most gauges are summed.

Source: Prometheus' text format, version 0.0.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_SUMMED_KINDS = ("counter", "histogram")
_NOT_SUMMED: dict[str, Callable[[float, float], float]] = {
    "process_start_time_seconds": min,
    "process_max_fds": max,
    "plugins_datasource_response_size": max,
}
"""Gauges that are not summed; `_info` metrics, which are 1, and quantiles are not summed either."""


@dataclass
class Family:
    """One metric: the lines before its samples, and the samples by name and labels."""

    kind: str = "untyped"
    head: list[str] = field(default_factory=list)
    samples: dict[str, float] = field(default_factory=dict)


def read(text: str) -> dict[str, Family]:
    """Parse metrics by name; invalid lines are left out."""
    families: dict[str, Family] = {}
    family = Family()
    for line in text.splitlines():
        words = line.split(" ", 3)
        if line.startswith(("# HELP ", "# TYPE ")) and len(words) > 3:  # noqa: PLR2004  # a sign, a word, a name, the rest
            family = families.setdefault(words[2], Family())
            family.head.append(line)
            family.kind = words[3] if words[1] == "TYPE" else family.kind
        elif line and not line.startswith("#"):
            sample, _, value = line.rpartition(" ")
            try:
                family.samples[sample] = float(value)
            except ValueError:
                continue
    return families


def add(parts: Iterable[dict[str, Family]]) -> dict[str, Family]:
    """Merge the metrics of several processes."""
    total: dict[str, Family] = {}
    for part in parts:
        for name, family in part.items():
            target = total.setdefault(name, Family(family.kind, family.head))
            for sample, value in family.samples.items():
                sum_so_far = target.samples.get(sample)
                target.samples[sample] = value if sum_so_far is None else _merge(name, sample)(sum_so_far, value)
    return total


def only_counters(families: dict[str, Family]) -> dict[str, Family]:
    """Return the metrics that stay valid after a process has ended: its counters."""
    return {name: family for name, family in families.items() if family.kind in _SUMMED_KINDS}


def write(families: dict[str, Family]) -> str:
    """Write metrics."""
    lines = [
        line
        for family in families.values()
        for line in (*family.head, *(f"{sample} {_number(value)}" for sample, value in family.samples.items()))
    ]
    return "\n".join([*lines, ""])


def _merge(name: str, sample: str) -> Callable[[float, float], float]:
    if name.endswith("_info") or 'quantile="' in sample:
        return max
    return _NOT_SUMMED.get(name, lambda one, other: one + other)


def _number(value: float) -> str:
    if value in (float("inf"), float("-inf")) or value != value:  # noqa: PLR0124  # NaN
        return {float("inf"): "+Inf", float("-inf"): "-Inf"}.get(value, "NaN")
    return str(int(value)) if value == int(value) else repr(value)
