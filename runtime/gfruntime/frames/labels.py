"""Labels, which distinguish one series from another.

Shape: text → text, written with sorted keys.
Source: grafana-plugin-sdk-go v0.298.0, data/labels.go.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def normalise(labels: Mapping[str, object]) -> dict[str, str]:
    """Convert keys and values to text (see `as_text`) and sort the keys."""
    texts = {str(key): as_text(value) for key, value in labels.items()}
    return texts if len(texts) <= 1 else dict(sorted(texts.items()))


def as_text(value: object) -> str:
    """Write a label's value: booleans as `true` and `false`, an enum's member as its value, a missing value as empty.

    NaN, NaT and pandas' NA are missing labels in a table.
    """
    if type(value) is str:  # the usual case
        return value
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "true" if value else "false"
    return "" if value is None or _is_missing(value) else str(value)


def _is_missing(value: object) -> bool:
    return type(value).__name__ in ("NaTType", "NAType", "MaskedConstant") or bool(value != value)  # noqa: PLR0124  # NaN


def text(labels: Mapping[str, str]) -> str:
    """Write labels as text for readers: `host=a, job=b`."""
    return ", ".join(f"{key}={labels[key]}" for key in sorted(labels))
