"""Variables in texts of JSON: those of a dashboard, whose values Grafana's frontend puts into a query model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]|\$(\w+)")


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Replace `$name`, `${name}`, `${name:format}` and `[[name]]` in every text; unknown names stay as they are.

    A format is not applied: the value is put in as it was typed.
    """
    return replace(value, _VARIABLE, lambda match: variables.get(match[1] or match[2] or match[3], match[0]))


def replace(value: Any, pattern: re.Pattern[str], text_of: Callable[[re.Match[str]], str]) -> Any:  # noqa: ANN401 - JSON
    """Replace a pattern in every text of a JSON value."""
    if isinstance(value, str):
        return pattern.sub(text_of, value)
    if isinstance(value, dict):
        return {key: replace(item, pattern, text_of) for key, item in value.items()}
    if isinstance(value, list):
        return [replace(item, pattern, text_of) for item in value]
    return value
