"""Labels: what tells one series from another.

Shape: text → text, written with sorted keys.
Source: grafana-plugin-sdk-go v0.298.0, data/labels.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def normal(labels: Mapping[str, object]) -> dict[str, str]:
    """Turn keys and values into text and sort the keys; booleans are `true` and `false`, None is empty."""
    return {str(key): as_text(value) for key, value in sorted(labels.items(), key=lambda item: str(item[0]))}


def as_text(value: object) -> str:
    """Write one label's value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def text(labels: Mapping[str, str]) -> str:
    """Write labels as people read them: `host=a, job=b`."""
    return ", ".join(f"{key}={labels[key]}" for key in sorted(labels))
