"""Find all values of a saved query that break the bounds of a schema: the values that the runtime would refuse.

The schema comes from `python -m gfruntime.author.schema`. Values with a template variable, and fields that `show_if`
hides, are not checked: the runtime reads a hidden field as its default.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Field = Mapping[str, Any]

_VARIABLE = re.compile(r"\$\{?\w|\[\[\w")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_LISTS = ("multi", "tags", "list")
_SWITCHES = (True, False, 0, 1, "true", "false", "0", "1")
_LONGEST_VALUE = 80  # characters of a value in a sentence
_LARGEST_FLOAT = 2.0**53  # the largest float that the runtime accepts as a whole number


def violations(fields: Sequence[Field], model: Mapping[str, Any], *, prefix: str = "") -> Iterator[str]:
    """Yield a sentence for each value that the runtime refuses, with the field, the value and the bound."""
    for field in fields:
        if not _is_shown(field, fields, model):
            continue
        value = _stored(model, field["name"])
        is_default = value is _MISSING or (value is None and "." not in field["name"] and not prefix)
        if not is_default or field.get("required"):
            yield from _check_value(field, field.get("default") if is_default else value, prefix + field["name"])


_MISSING = object()


def _stored(model: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a name; a name with a dot leads into an object."""
    for key in name.split("."):
        model = model.get(key, _MISSING) if isinstance(model, dict) else _MISSING
    return model


def _is_shown(field: Field, fields: Sequence[Field], model: Mapping[str, Any]) -> bool:
    """Tell whether the editor shows a field for these values."""
    by_name = {each["name"]: each for each in fields}
    for name, values in field.get("showIf", {}).items():
        value = _stored(model, name)
        if value is _MISSING or value is None:
            value = by_name.get(name, {}).get("default")
        if not any(_is_choice(value, each) or (type(value) is float and value == each) for each in values):
            return False
    return True


def _check_value(field: Field, value: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Check one field's value, or the items of a list."""
    if isinstance(value, str) and _VARIABLE.search(value):
        return
    if field.get("required") and value in (None, "", []):
        yield f"field {name!r}: it is empty, and a value is required"
    elif value is None:
        if not field.get("nullable"):
            yield f"field {name!r}: null is not {_allowed_text(field)}"
    elif field["kind"] not in _LISTS:
        yield from _check_single(field, value, name)
    elif not isinstance(value, list):
        yield f"field {name!r}: {_value_text(value)} is not a list"
    else:
        for number, item in enumerate(value):
            yield from _check_item(field, item, f"{name}[{number}]")


def _check_item(field: Field, item: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    if field["kind"] != "list":
        if not (isinstance(item, str) and _VARIABLE.search(item)):
            yield from _check_single(field, item, name)
    elif isinstance(item, dict):
        yield from violations(field["fields"], item, prefix=f"{name}.")
    else:
        yield f"field {name!r}: {_value_text(item)} is not a row"


def _check_single(field: Field, value: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Check one value by the control that shows it."""
    kind = _kind(field)
    if kind == "string" and _text_of(value):
        value = _text_of(value)
    if kind == "number":
        text = _number(field, value)
    elif kind == "select":
        is_choice = any(_is_choice(value, option["value"]) for option in field["options"])
        text = "" if is_choice else f"is not {_allowed_text(field)}"
    elif kind == "boolean":
        text = "" if any(_is_choice(value, each) for each in _SWITCHES) else "is not true or false"
    elif not isinstance(value, str):
        text = "is not a text"
    else:
        pattern = field.get("pattern", "")
        text = "" if not pattern or not value or _matches(pattern, value) else f"does not match the pattern {pattern!r}"
    if text:
        yield f"field {name!r}: {_value_text(value)} {text}"


def _kind(field: Field) -> str:
    """Return the kind of one value of a field, no matter whether the field is hidden or has several values."""
    kind, default = field["kind"], field.get("default")
    if kind == "number" or field.get("numeric") or "integer" in field:
        return "number"
    if field.get("options") and "from" not in field:
        return "select"
    if kind == "boolean" or (kind == "hidden" and isinstance(default, bool)):
        return "boolean"
    return "number" if kind == "hidden" and isinstance(default, int | float) else "string"


def _number(field: Field, value: Any) -> str:  # noqa: ANN401 - JSON
    """Describe how a number breaks its limits; a text that is a number counts as a number."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value) if re.search(r"[.eE]", value) or len(value) > _LONGEST_VALUE else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is not {_allowed_text(field)}"
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    if field.get("integer") and (value != int(value) or (isinstance(value, float) and abs(value) >= _LARGEST_FLOAT)):
        return f"is not {_allowed_text(field)}"
    if "min" in field and value < field["min"]:
        return f"is below the minimum {field['min']}"
    return f"is above the maximum {field['max']}" if "max" in field and value > field["max"] else ""


def _allowed_text(field: Field) -> str:
    """Describe the values that a field accepts."""
    kind = _kind(field)
    if kind == "select":
        return f"one of {', '.join(repr(option['value']) for option in field['options'])}"
    if kind == "boolean":
        return "true or false"
    return "a whole number" if field.get("integer") else "a number" if kind == "number" else "a text"


def _is_choice(value: Any, choice: Any) -> bool:  # noqa: ANN401 - JSON
    """Compare as the runtime does: True and 1.0 differ from 1, and the text of a whole number equals that number."""
    if type(choice) is int and isinstance(value, str):
        return value == str(choice)
    if isinstance(choice, str) and _text_of(value):
        return _text_of(value) == choice
    return type(value) is type(choice) and bool(value == choice)


def _text_of(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return the text of a number or a boolean for the runtime; empty for other values."""
    text = json.dumps(value) if isinstance(value, int | float) and math.isfinite(value) else ""
    return "" if "e" in text and not isinstance(value, bool) else text


def _matches(pattern: str, value: str) -> bool:
    """Match the whole text with the runtime's engine; if it can't read the pattern, the runtime reports that."""
    import pyarrow as pa  # noqa: PLC0415 - seldom needed
    import pyarrow.compute as pc  # noqa: PLC0415

    try:
        return bool(pc.match_substring_regex(pa.scalar(value), rf"\A(?:{pattern})\z").as_py())
    except UnicodeError:
        return False
    except pa.ArrowException:
        return True


def _value_text(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write a value for a sentence, shortened."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
