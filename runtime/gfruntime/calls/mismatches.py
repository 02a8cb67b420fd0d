"""Error texts for a value that does not fit the author's type: the key, the expected type, the value, and the reason.

If the value is an unfilled variable, the text says so. Values of secrets are not shown.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from gfruntime.author import rules
from gfruntime.author.bounds import Path, Violation, item_of, name_of
from gfruntime.author.controls import unwrap
from gfruntime.author.twins import has_fields
from gfruntime.author.ui import Secret

SETTINGS = "the data source's settings"
"""The first words of an error about options."""

_KEY = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_ANY_KEY = "..."  # msgspec's text for the key of a mapping
_TYPE_MISMATCH = re.compile(r"expected [^,]+, got (?!null\b)\w+")
_VARIABLE = re.compile(r"\$\{[^{}]+\}|\$[A-Za-z_]\w*|\[\[[^\[\]]+\]\]")
_ALL_VARIABLE = ("$__all", "${__all}", "[[__all]]")
_EMPTY_TEXTS = ("undefined", "null", "None", "NaN")
_SEVERAL_VALUES = re.compile(  # several values of a variable, as Grafana writes them; the search stays linear
    r"\{[^{},]*,[^{}]*\}|\([^()|]*\|[^()]*\)"
)
_MAX_CHARACTERS = 80


def describe(error: msgspec.ValidationError, target: Any, values: Any, subject: str) -> tuple[str, Path]:  # noqa: ANN401
    """Describe the value that does not fit, the key first; return the text and the path of the value.

    "Expected `int`, got `str` - at `$.limit`" reads "limit: expected int, got str 'many'".
    """
    text, is_there, place = str(error).partition(" - at `")
    text = (text[:1].lower() + text[1:]).replace("`", "")
    if not is_there:
        return text, ()
    place = place.rstrip("`").removeprefix("$")
    hint, value, path = _locate(target, values, place)
    text = _choice_violation(hint, value, path) or f"{name_of(path)}: {text}{_value_text(text, hint, value)}"
    why = explain_unfilled_variable(value, subject)
    while path and isinstance(path[-1], int):
        path = path[:-1]  # an item's field is the list
    return (f"{text}: {why}" if why else text), (() if _ANY_KEY in place else path)  # a mapping has no hidden fields


def explain_unfilled_variable(value: object, subject: str) -> str:
    """Explain that a text is an unfilled variable; empty for any other value."""
    if not isinstance(value, str):
        return ""
    if value.strip() in _ALL_VARIABLE:
        return "it stands for all values of a variable, but this field takes one value"
    if variable := _VARIABLE.search(value):
        where = (
            "in settings, only provisioning files fill variables"
            if subject == SETTINGS
            else "alert rules fill no variables"
        )
        return f"the variable {variable[0]} is not filled; {where}"
    if not value.strip():
        return "it is empty, like a variable that is not filled"
    if value.strip() in _EMPTY_TEXTS:
        return "a variable that is not filled leaves this text"
    return (
        "it has several values of a variable, but this field takes one value"
        if _SEVERAL_VALUES.fullmatch(value.strip())
        else ""
    )


def reason(values: Any, path: Path, subject: str) -> str:  # noqa: ANN401
    """Explain why the value at a path is an unfilled variable; the text follows the description of the error."""
    for key in path:
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):
            return ""
    is_variable = isinstance(values, str) and values.strip() not in ("", *_EMPTY_TEXTS)
    text = explain_unfilled_variable(values, subject) if is_variable else ""
    return f": {text}" if text else ""


def _locate(target: Any, values: Any, place: str) -> tuple[Any, Any, Path]:  # noqa: ANN401
    """Return the type, the value and the path at a place of msgspec's; in a mapping, of the first value that fails."""
    hint, path = target, list[str | int]()
    for name, number in _KEY.findall(place):
        bare = unwrap(hint)[0]
        hint = typing.get_type_hints(bare, include_extras=True).get(name) if has_fields(bare) else item_of(bare)
        key: Any = name or (number if number == _ANY_KEY else int(number))
        if number == _ANY_KEY and isinstance(values, Mapping):
            key = next((each for each, value in values.items() if not _fits(hint, value)), _ANY_KEY)
        path.append(key)
        try:
            values = values[key]
        except (KeyError, IndexError, TypeError):  # the model renames its keys
            hint = values = None
    return hint, values, tuple(path)


def _fits(hint: Any, value: Any) -> bool:  # noqa: ANN401
    try:
        msgspec.convert(value, hint, strict=False)
    except (msgspec.ValidationError, TypeError, RecursionError):
        return False
    return True


def _value_text(text: str, hint: Any, value: Any) -> str:  # noqa: ANN401
    """Return the value as an error may show it; empty for a secret, for null, and if the author's text shows it."""
    if value is None or unwrap(hint)[0] is Secret:
        return ""
    word = "" if _TYPE_MISMATCH.fullmatch(text) else ", got" if text.startswith(("expected", "invalid")) else None
    if word is None:
        return ""
    value_text = rules.value_text(value) if isinstance(value, str) else json.dumps(value)
    return f"{word} {value_text if len(value_text) <= _MAX_CHARACTERS + 1 else value_text[:_MAX_CHARACTERS] + '…'}"


def _choice_violation(hint: Any, value: Any, path: Path) -> str:  # noqa: ANN401
    """Describe a value that is not one of the choices of its Literal or Enum; empty for another type."""
    choices = rules.choices_of(unwrap(hint)[0])
    text = rules.choice_text(choices, value) if choices and path else ""
    return str(Violation(path, text)) if text else ""
