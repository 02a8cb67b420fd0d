"""The arguments of a macro in brackets, and limits for the text that a viewer writes."""

from __future__ import annotations

import re

from gfruntime.errors import QueryError

MOST_CHARACTERS = 1_000_000
MOST_NESTED = 16
MOST_BRACKETS = 200  # nesting depth

PUNCTUATION = re.compile(r"[(),]")
QUOTES = re.compile(r"""[(),]|'[^']*+(?:'|\Z)|"[^"]*+(?:"|\Z)|`[^`]*+(?:`|\Z)|\[[^\[\]]*+\]""")
"""Brackets and commas; and texts, names and subscripts, in which brackets and commas have no meaning."""
BACKSLASHES = re.compile(
    r"""[(),]|'(?:[^'\\]++|\\.)*+(?:'|\Z)|"(?:[^"\\]++|\\.)*+(?:"|\Z)|`[^`]*+(?:`|\Z)|\[[^\[\]]*+\]""", re.DOTALL
)
"""The same for databases where a backslash escapes a quote."""


def read_arguments(text: str, start: int, *, marks: re.Pattern[str] = PUNCTUATION) -> tuple[list[str], int]:
    """Read a list of arguments in brackets, which may hold brackets too; return the list and the position after it.

    Raises: QueryError if a bracket is missing, or if brackets nest too deeply.
    """
    if text[start : start + 1] != "(":
        return [], start
    args: list[str] = []
    depth, begin = 0, start + 1
    for match in marks.finditer(text, start):
        letter, at = match[0], match.start()
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return [*args, text[begin:at].strip()], at + 1
        if depth > MOST_BRACKETS:
            raise QueryError(f"the arguments of a macro nest more than {MOST_BRACKETS} brackets")
        if letter == "," and depth == 1:
            args.append(text[begin:at].strip())
            begin = at + 1
    raise QueryError("failed to parse macro arguments (missing close bracket?)")


def check_size(characters: int) -> None:
    """Refuse a query that is too long once its macros are expanded.

    Raises: QueryError.
    """
    if characters > MOST_CHARACTERS:
        raise QueryError(f"the query with its expanded macros has more than {MOST_CHARACTERS:,} characters")
