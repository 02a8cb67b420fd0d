"""Turn the tables of symptoms into sections, so that the search finds each symptom, and ranks its title first."""

from __future__ import annotations

import re

_TABLE = re.compile(r"^\|(?P<head>.*What goes wrong.*)\|\n\|[-| ]+\|\n(?P<rows>(?:\|.*\|\n?)+)", re.MULTILINE)
_BAR = re.compile(r"(?<!\\)\|")


def with_sections(text: str) -> str:
    """Write a heading for each row's symptom, with the next cell below it; other cells are left out."""
    return _TABLE.sub(lambda table: _sections(table, "###" if "\n## " in text[: table.start()] else "##"), text)


def _sections(table: re.Match[str], mark: str) -> str:
    column = [cell.strip() for cell in _BAR.split(table["head"])].index("What goes wrong")
    rows = [[cell.strip() for cell in _BAR.split(line)[1:-1]] for line in table["rows"].splitlines()]
    return "".join(f"{mark} {row[column]}\n\n{row[column + 1]}\n\n" for row in rows)
