"""Labels: what tells one series from another.

Shape: text → text, written with sorted keys.
Source: grafana-plugin-sdk-go v0.298.0, data/labels.go.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from gfruntime.errors import FrameError

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


def parse(given: str) -> dict[str, str]:
    """Read labels from `{host="a", job="b"}`, `host=a, job=b` or a JSON object; empty text has none.

    Raises: FrameError naming the pair that is none.
    """
    if given.startswith('{"'):
        try:
            found = json.loads(given)
        except ValueError:
            found = None
        if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
            return normal(found)
    return normal(dict(_pair(each) for each in given.split(", "))) if given else {}


def _pair(given: str) -> tuple[str, str]:
    words = [word for word in re.split(r'[={}"]', given) if word]
    if len(words) != 2:  # noqa: PLR2004  # a key and a value
        raise FrameError(f"{given!r} is no label: expected key=value")
    return words[0], words[1]
