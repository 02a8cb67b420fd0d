r"""Write the texts of variables in SQL so that none of their characters can become SQL.

For a variable in a field `Ui(widget="code", language="sql", variables="values")`, an editor sends `$__text(north)`, or
`$__text(north,south)` for several values; the arguments are percent-encoded. A database gets the characters as
hexadecimal digits, `E'\U0000006E…'` or `X'6E…'`: digits can neither end a text nor begin a word in any place. A
text in single quotes around it is split: `'%$__text(n)%'` becomes `('%' || … || '%')`.

Some databases don't compare a text as a number: in SQLite `100 > '90'` is false. For those databases, a value that
looks like a number and is outside of quotes is written as a number; after LIMIT and OFFSET this holds for all
databases.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_MARK = re.compile(r"\$__text\(([^()]*)\)")
_WHOLE = re.compile(r"'?\$__text\('?([^(),']*)'?\)'?")
_NUMBER = re.compile(r"(?!-0\Z)-?(?=(?:[0-9]\.?){1,15}\Z)(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?")  # at most 15 digits
_COUNT = re.compile(r"\b(?:limit|offset)\s+\Z", re.IGNORECASE)
_COMMENT = r"--[^\n]*+|/\*.*?(?:\*/|\Z)"
_NAMES = r"""|`[^`]*+(?:`|\Z)"""
_TOKEN = re.compile(rf"""{_COMMENT}|'(?:[^']|'')*+(?:'|\Z)|"[^"]*+(?:"|\Z){_NAMES}""", re.DOTALL)
_TOKEN_WITH_BACKSLASHES = re.compile(
    rf"""{_COMMENT}|'(?:[^'\\]|\\.|'')*+(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\Z){_NAMES}""", re.DOTALL
)


def by_numbers(text: str) -> str:
    r"""Write a text for PostgreSQL, by its code points: `E'\U0000006E'`."""
    return "E'" + "".join(f"\\U{ord(character):08X}" for character in text) + "'"


def by_bytes(text: str) -> str:
    r"""Write a text for DuckDB, by its bytes: `E'\x6E'`."""
    return "E'" + "".join(f"\\x{byte:02X}" for byte in text.encode("utf-8", "replace")) + "'"


def hexadecimal(phrase: str, encoding: str = "utf-8") -> Callable[[str], str]:
    """Make a function that writes a text by its bytes; `{hex}` in the phrase is replaced by their digits."""
    return lambda text: phrase.format(hex=text.encode(encoding, "replace").hex().upper())


def write_texts(write: Callable[[str], str], arguments: Sequence[str], *, has_numbers: bool = False) -> str:
    """Write the arguments of `$__text`, separated by commas; quoted arguments are always texts.

    A number has spaces around it, so that it doesn't join a word or a minus.
    """
    return ", ".join(_write_text(write, argument, has_numbers) for argument in arguments or [""])


def _write_text(write: Callable[[str], str], argument: str, has_numbers: bool) -> str:  # noqa: FBT001  # as above
    text = unquote(argument.strip("'"))
    return f" {text} " if has_numbers and argument[:1] != "'" and _NUMBER.fullmatch(text) else write(text)


def is_count(before: str) -> bool:
    """Return whether a number must follow: after LIMIT and OFFSET."""
    return _COUNT.search(before[-40:]) is not None


def decode_text(argument: str) -> str:
    """Return the text of a macro's argument that is only `$__text(…)`, in quotes or not; others unchanged."""
    match = _WHOLE.fullmatch(argument)
    return argument if match is None else unquote(match[1])


def cut_quoted(sql: str, *, join: tuple[str, str], has_backslashes: bool) -> str:
    """Take each `$__text(…)` out of the text in single quotes around it: it becomes `$__text('…')`.

    `join` is how a database concatenates texts: a function's name, which may be empty, and the separator.
    Raises: QueryError for a `$__text` within a quoted name, and for several values within one text.
    """
    if "$__text(" not in sql:
        return sql
    tokens = _TOKEN_WITH_BACKSLASHES if has_backslashes else _TOKEN
    return tokens.sub(partial(_split_text, join), sql)


def _split_text(join: tuple[str, str], token: re.Match[str]) -> str:
    text = token[0]
    if text.startswith(("--", "/*")) or text[-1] != text[0] or not (marks := list(_MARK.finditer(text))):
        return text
    if not text.startswith("'"):
        raise QueryError(
            f"a variable is a value and can't be in the name {_MARK.sub('…', text)}: write the name without a variable"
        )
    if any("," in mark[1] for mark in marks):
        raise QueryError("a variable with several values can't be within a text: write IN ($variable), without quotes")
    begins, ends = [1, *(mark.end() for mark in marks)], [*(mark.start() for mark in marks), len(text) - 1]
    pieces = [text[begin:end] for begin, end in zip(begins, ends, strict=True)]
    values = ["", *(f"$__text('{mark[1]}')" for mark in marks)]
    parts = [
        part
        for value, piece in zip(values, pieces, strict=True)
        for part in (value, f"'{piece}'" if piece else "")
        if part
    ]
    function, between = join
    return parts[0] if len(parts) == 1 else f"{function}({between.join(parts)})"
