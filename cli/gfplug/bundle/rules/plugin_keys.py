"""The keys of plugin.json and their values, as data that `.ci/refresh_plugin_json.py` writes."""

from __future__ import annotations

import difflib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import terminal
from gfplug.bundle.rules.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

_DATA = Path(__file__).with_name("plugin_json.json")
_KINDS = {"string": "text", "boolean": "true or false", "number": "a number", "object": "an object"}
_LONGEST_VALUE = 80


def check(content: dict[str, Any], *, file: str) -> Iterator[Finding]:
    """Check that Grafana knows each key, and can read its value; null counts as missing."""
    yield from _keys(_tree(), content, "", file)


@cache
def _tree() -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return tree


def _keys(kind: dict[str, Any], value: dict[str, Any], place: str, file: str) -> Iterator[Finding]:
    for key, item in value.items():
        if key not in kind["keys"]:
            if not kind.get("open"):
                yield warning(
                    "manifest-unknown",
                    file,
                    f"{terminal.escape(place + key)} is not a key that Grafana knows",
                    _guess(key, kind),
                )
        elif item is not None:
            yield from _value(kind["keys"][key], item, f"{place}{key}", file)


def _guess(key: str, kind: dict[str, Any]) -> str:
    """Return a question with a similar key; empty if there is no similar key."""
    names = {name.lower(): name for name in kind["keys"]}
    near = difflib.get_close_matches(key.lower(), names, n=1)
    return f"did you mean {names[near[0]]}?" if near else ""


def _value(kind: Any, value: Any, place: str, file: str) -> Iterator[Finding]:  # noqa: ANN401 - JSON
    """Check one value: `kind` is a word, the allowed values, a list of a kind, or the keys of an object."""
    if isinstance(kind, dict) and "values" in kind:
        if not isinstance(value, str):
            yield _mismatch(place, value, "text", file)
        elif value not in kind["values"]:
            choices = ", ".join(map(repr, kind["values"]))
            yield warning("manifest-value", file, f"{place} is {_value_text(value)}, which is not one of {choices}")
    elif isinstance(kind, dict) and "list" in kind:
        if not isinstance(value, list):
            yield _mismatch(place, value, "a list", file)
            return
        for number, item in enumerate(value):
            yield from _value(kind["list"], item, f"{place}[{number}]", file)
    elif isinstance(kind, dict):
        if isinstance(value, dict):
            yield from _keys(kind, value, f"{place}.", file)
        else:
            yield _mismatch(place, value, "an object", file)
    elif kind != "any" and not _fits(kind, value):
        yield _mismatch(place, value, _KINDS[kind], file)


def _fits(kind: str, value: Any) -> bool:  # noqa: ANN401 - JSON
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "object": dict}[kind])


def _mismatch(place: str, value: Any, kind: str, file: str) -> Finding:  # noqa: ANN401 - JSON
    return error("manifest-kind", file, f"{place} is {_value_text(value)}, not {kind}")


def _value_text(value: Any) -> str:  # noqa: ANN401 - JSON
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
