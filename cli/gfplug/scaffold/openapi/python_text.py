"""Write values and calls as Python source, laid out like `ruff format`.

Any value that is not `Code` is written as a literal, so that no text can become code. A bracket that does not fit on
its line has one item on each line and a comma after the last one, so that the formatter does not change it.
"""

from __future__ import annotations

import keyword
import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH = 120
_INDENT = "    "


class Code(str):
    """A text that is code from gfplug: a name, or a type."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Bracket:
    """An expression with items in brackets: a call, a subscript, a tuple, a dictionary.

    Shape: `items` are pairs of an item's prefix (`name=`, `"key": `, or empty) and the item. Without `ends_in_comma`
    no comma follows the last item, where it would change the meaning of a subscript.
    """

    opening: str
    items: tuple[tuple[str, Any], ...]
    closing: str
    ends_in_comma: bool = True


def call(name: str, /, *values: object, **keywords: object) -> Bracket:
    """Write a call; keyword arguments that are None are left out."""
    pairs = [(f"{key}=", value) for key, value in keywords.items() if value is not None]
    return Bracket(f"{Code(name)}(", (*(("", value) for value in values), *pairs), ")")


def subscript(name: str, /, *values: object) -> Bracket:
    """Write a subscript: `Literal["a", "b"]`."""
    return Bracket(f"{Code(name)}[", tuple(("", value) for value in values), "]", ends_in_comma=len(values) > 1)


def mapping(values: Mapping[str, object]) -> Bracket:
    """Write a dictionary with texts as keys."""
    return Bracket("{", tuple((f"{literal(key)}: ", value) for key, value in values.items()), "}")


def literal(value: object) -> str:
    """Write a text, a number, a boolean or None as a literal.

    Raises: TypeError for any other value.
    """
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise TypeError(f"{value} has no literal")
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    raise TypeError(f"{type(value).__name__} has no literal")


def called_names(value: Any) -> set[str]:  # noqa: ANN401 - any value
    """Return the names that an expression calls."""
    bracket = _bracket(value)
    if bracket is None:
        return set()
    own = {bracket.opening[:-1]} if bracket.opening[:-1].isidentifier() and bracket.closing == ")" else set()
    return own.union(*(called_names(item) for _, item in bracket.items))


def layout(before: str, value: Any, after: str = "", *, depth: int = 0) -> list[str]:  # noqa: ANN401 - any value
    """Write a value between two pieces of code, on as many lines as needed."""
    whole = f"{_INDENT * depth}{before}{flat(value)}{after}"
    bracket = _bracket(value)
    if bracket is None or not bracket.items or _width(whole) <= WIDTH:
        return [whole]
    return _open(before, bracket, after, depth=depth)


def flat(value: Any) -> str:  # noqa: ANN401 - any value
    """Write a value on one line."""
    if isinstance(value, Code):
        return value
    bracket = _bracket(value)
    if bracket is None:
        return literal(value)
    items = ", ".join(f"{label}{flat(item)}" for label, item in bracket.items)
    comma = "," if bracket.opening == "(" and len(bracket.items) == 1 else ""
    return f"{bracket.opening}{items}{comma}{bracket.closing}"


def identifier(text: str) -> Code:
    """Return a Python name as code.

    Raises: ValueError if the text is not an ASCII name, or is a keyword.
    """
    if not (text.isascii() and text.isidentifier()) or keyword.iskeyword(text):
        raise ValueError(f"{text[:80]!r} is not a Python name")
    return Code(text)


def annotated(name: str, annotation: Bracket | Code, default: object) -> list[str]:
    """Write a field of a dataclass: its name, its type and its default."""
    name, after = identifier(name), f" = {flat(default)}"
    whole = f"{_INDENT}{name}: {flat(annotation)}{after}"
    if isinstance(annotation, Code) and isinstance(default, str) and _width(whole) > WIDTH:
        inside = f"{_INDENT * 2}{flat(default)}"
        return [f"{_INDENT}{name}: {annotation} = (", inside, f"{_INDENT})"] if _width(inside) <= WIDTH else [whole]
    if isinstance(annotation, Code) or _width(whole) <= WIDTH:
        return [whole]
    *lines, last = _open(f"{name}: ", annotation, "", depth=1)
    return [*lines, *layout(f"{last.strip()} = ", default, depth=1)]


def doc(text: str, *, depth: int = 0, longest: int = 110) -> str:
    """Write a docstring of one line; quotes and backslashes in the text cannot end it or form an escape."""
    line = one_line(text, longest=longest).replace('"', "'").rstrip("\\").replace("\\", "\\\\")
    return f'{_INDENT * depth}"""{line}"""'


def one_line(text: str, *, longest: int) -> str:
    """Return a text as one line of visible characters, at most `longest` of them."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def _open(before: str, bracket: Bracket, after: str, *, depth: int) -> list[str]:
    """Write a bracket with each item on its own lines."""
    indent = _INDENT * depth
    lines = [f"{indent}{before}{bracket.opening}"]
    for number, (label, item) in enumerate(bracket.items, start=1):
        comma = "," if bracket.ends_in_comma or number < len(bracket.items) else ""
        lines += layout(label, item, comma, depth=depth + 1)
    return [*lines, f"{indent}{bracket.closing}{after}"]


def _bracket(value: Any) -> Bracket | None:  # noqa: ANN401 - any value
    """Return a tuple or a bracket as a bracket; None for other values."""
    if isinstance(value, tuple):
        return Bracket("(", tuple(("", item) for item in value), ")")
    return value if isinstance(value, Bracket) else None


def _text(text: str) -> str:
    """Write a text as a literal, with the quotes that `ruff format` prefers."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{''.join(_character(character, quote) for character in text)}{quote}"


def _character(character: str, quote: str) -> str:
    if character in ("\\", quote):
        return f"\\{character}"
    return character if character.isprintable() else repr(character)[1:-1]


def _width(line: str) -> int:
    """Return a line's width, at least the width that the formatter measures."""
    return len(line) + sum(unicodedata.east_asian_width(character) in "WF" for character in line)
