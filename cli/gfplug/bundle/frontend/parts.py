"""Find the editors' sources that a schema does not need; module.js leaves them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Schema = Mapping[str, Any]


def find_unused_sources(schema: Schema, *, has_hooks: bool = True) -> frozenset[str]:
    """Return the sources in `editors/` that this schema does not need, with or without hooks."""
    names = {name for name, is_needed in _NEEDED.items() if not is_needed(schema)}
    return frozenset(names if has_hooks else {*names, _OF_HOOKS})


def _has_filters(schema: Schema) -> bool:
    capabilities = schema.get("capabilities", {})
    return bool(capabilities.get("tagKeys") or capabilities.get("tagValues"))


def _has_headers(schema: Schema) -> bool:
    return any(field["kind"] == "headers" for field in schema["config"]["fields"])


def _has_examples(schema: Schema) -> bool:
    return "examples" in schema


def _has_memory(schema: Schema) -> bool:
    return any(field.get("remember") for field in schema["query"]["fields"])


def _writes_values(schema: Schema) -> bool:
    return any(
        field.get("variables")
        for form in (schema["query"], *schema.get("own", {}).values())
        for field in form["fields"]
    )


def _migrates(schema: Schema) -> bool:
    return any(form.get("migrates") for form in (schema["config"], schema["query"], *schema.get("own", {}).values()))


_OF_HOOKS = "hybrid"
_NEEDED: dict[str, Callable[[Schema], bool]] = {
    "filters": _has_filters,
    "headers": _has_headers,
    "help": _has_examples,
    "memory": _has_memory,
    "migration": _migrates,
    "values": _writes_values,
}
"""The sources that are required conditionally; the conditions are the same in JavaScript."""
