"""Dashboard variables in a query model: Grafana's frontend puts their values in before the plugin sees the model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\[\[(\w+)(?::\w+)?\]\]|\$(\w+)")


def interpolate(value: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Replace `$name`, `${name}`, `${name:format}` and `[[name]]` in every text; unknown names stay as they are.

    A format is not applied: the value is put in as it was typed.
    """
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: variables.get(match[1] or match[2] or match[3], match[0]), value)
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    return value
