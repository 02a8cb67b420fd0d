"""Text on a terminal: with escaped control characters, and in columns that line up."""

from __future__ import annotations

import unicodedata
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

Part = str | tuple[str, str]
"""A text, or a text and its style as rich names it: `("error:", "red")`."""

GAP = 2
"""The spaces between two columns."""
_ZERO_WIDTH_JOINER = "\u200d"  # joins several emoji to one


def escape(text: str, *, keep: str = "\n\t") -> str:
    """Write control characters as Python does: data may contain any character, and a terminal would obey these."""
    if text.isprintable():
        return text
    return "".join(char if char in keep or _is_visible(char) else repr(char)[1:-1] for char in text)


def columns(rows: Sequence[Sequence[str]], *, to_right: Collection[int] = ()) -> list[str]:
    """Return each row as one line, the columns aligned; a wide character counts as two."""
    widths = [max(map(width, column)) for column in zip_longest(*rows, fillvalue="")]
    gap = " " * GAP
    return [
        gap.join(_pad(cell, widths[at], to_right=at in to_right) for at, cell in enumerate(row)).rstrip()
        for row in rows
    ]


def width(text: str) -> int:
    """Count the terminal cells that a text takes."""
    from rich.cells import cell_len  # noqa: PLC0415 - most commands draw nothing

    return cell_len(text)


def plain(parts: Sequence[Part]) -> str:
    """Join parts without their styles."""
    return "".join(part if isinstance(part, str) else part[0] for part in parts)


def _is_visible(char: str) -> bool:
    return char.isprintable() or char == _ZERO_WIDTH_JOINER or unicodedata.category(char) == "Zs"


def _pad(cell: str, wide: int, *, to_right: bool) -> str:
    space = " " * (wide - width(cell))
    return space + cell if to_right else cell + space
