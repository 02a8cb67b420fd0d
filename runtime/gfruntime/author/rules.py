"""The rules for one value, made from a type and its `Ui`: functions from a value to an error text.

A rule returns an empty text if the value is allowed, or if the rule does not apply to it.

Patterns are matched by pyarrow's RE2, whose time grows linearly with the text, never exponentially.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import sys
import typing
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from gfruntime.author.controls import SchemaError
from gfruntime.author.ui import Secret, Ui

if TYPE_CHECKING:
    from collections.abc import Callable

Rule: TypeAlias = "Callable[[Any], str]"

_LONGEST_VALUE = 80  # characters of a value in a sentence


def rules_of(kind: Any, ui: Ui, field_path: str) -> list[Rule]:  # noqa: ANN401
    """List the rules for one value of a type."""
    check_ui(ui, field_path)
    numbers = [_number_rule(kind, ui)] if kind is float or (ui.minimum, ui.maximum) != (None, None) else []
    return numbers + ([_pattern_rule(ui.pattern, field_path)] if ui.pattern else [])


def join_bounds(ui: Ui, item: Ui) -> Ui:
    """Return the bounds of a list's items: the bounds in the list's `Ui`, else those in the item's `Ui`."""
    minimum = item.minimum if ui.minimum is None else ui.minimum
    maximum = item.maximum if ui.maximum is None else ui.maximum
    return dataclasses.replace(ui, minimum=minimum, maximum=maximum, pattern=ui.pattern or item.pattern)


def check_ui(ui: Ui, field_path: str) -> None:
    """Refuse limits and patterns that are invalid.

    Raises: SchemaError naming the field.
    """
    for word, limit in (("minimum", ui.minimum), ("maximum", ui.maximum)):
        is_number = type(limit) is int or (type(limit) is float and math.isfinite(limit))
        if limit is not None and not is_number:
            raise SchemaError(f"{field_path}: its {word} {limit!r} is not a number")
    if ui.minimum is not None and ui.maximum is not None and ui.minimum > ui.maximum:
        raise SchemaError(f"{field_path}: its minimum {ui.minimum} is above its maximum {ui.maximum}")
    if ui.pattern:
        _pattern_rule(ui.pattern, field_path)


def _number_rule(kind: Any, ui: Ui) -> Rule:  # noqa: ANN401
    """Make a rule of limits. It allows values of other types; a float must be finite."""
    most = sys.float_info.max if kind is float else math.inf
    low = -most if ui.minimum is None else ui.minimum
    high = most if ui.maximum is None else ui.maximum

    def violation_text(value: Any) -> str:  # noqa: ANN401
        try:
            if low <= value <= high:
                return ""
        except TypeError:
            return ""
        if isinstance(value, float) and not math.isfinite(value):
            return f"{value} is not a finite number"
        bound = f"below the minimum {low}" if value < low else f"above the maximum {high}"
        return f"{value_text(value)} is {bound}"

    return violation_text


def _pattern_rule(pattern: str, field_path: str) -> Rule:
    """Make a rule of a pattern that the whole text must match; an empty text is allowed, as in HTML."""
    import pyarrow as pa  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415  # pyarrow has no types
    import pyarrow.compute as pc  # type: ignore[import-untyped,unused-ignore]  # noqa: PLC0415  # only for patterns

    match = pc.get_function("match_substring_regex")
    whole = pc.MatchSubstringOptions(rf"\A(?:{pattern})\z")
    try:
        for options in (pc.MatchSubstringOptions(pattern), whole):  # also alone: in parentheses `a)|(b` would pass
            match.call([pa.scalar("")], options)
    except (pa.ArrowException, UnicodeError) as error:
        raise SchemaError(f"{field_path}: its pattern {pattern!r} can't be read: {error}; use RE2's syntax") from None

    def violation_text(value: Any) -> str:  # noqa: ANN401
        if not isinstance(value, str) or not value:
            return ""
        try:
            is_match = match.call([pa.scalar(str(value))], whole).as_py()
        except (pa.ArrowException, UnicodeError):  # the text has a lone surrogate
            is_match = False
        if is_match:
            return ""
        subject = "it" if isinstance(value, Secret) else value_text(value)
        return f"{subject} does not match the pattern {pattern!r}"

    return violation_text


def choices_of(kind: Any) -> list[Any]:  # noqa: ANN401
    """List the values of a Literal or an Enum; nothing for another type."""
    if isinstance(kind, enum.EnumType):
        return [kind[name].value for name in kind.__members__]
    return list(typing.get_args(kind)) if typing.get_origin(kind) is typing.Literal else []


def choice_rules(choices: list[Any]) -> list[Rule]:
    """List the rule that a value is one of the choices; empty without choices."""
    return [partial(choice_text, choices)] if choices else []


def choice_text(choices: list[Any], value: Any) -> str:  # noqa: ANN401
    """Describe a value that is not among the choices; empty for null, which the type checks."""
    if value is None or any(is_same(value, choice) for choice in choices):
        return ""
    return f"{value_text(value)} is not one of {', '.join(map(repr, choices))}"


def show_if_json(ui: Ui, field_path: str) -> dict[str, list[Any]]:
    """Return `show_if` as JSON.

    Raises: SchemaError if it does not map names to lists of values.
    """
    if not isinstance(ui.show_if, Mapping):
        raise SchemaError(f"{field_path}: show_if expects names and lists of values, got {ui.show_if!r}")
    for name, values in ui.show_if.items():
        if not isinstance(values, (list, tuple, set, frozenset)) or not values:
            raise SchemaError(f"{field_path}: show_if expects a list of values for {name!r}, got {values!r}")
    return {name: [plain(value) for value in values] for name, values in ui.show_if.items()}


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return an enum member's value, and other values unchanged."""
    return value.value if isinstance(value, enum.Enum) else value


def is_same(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Compare as JavaScript does: True is not 1, and an enum member is its value."""
    one, other = plain(one), plain(other)
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def value_text(value: Any) -> str:  # noqa: ANN401
    """Write a value for a sentence, cut if it is long."""
    try:
        text = repr(plain(value))
    except ValueError:  # more digits than Python writes
        return "a number with thousands of digits"
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
