"""Links from names in code, such as `Frame.of`, to their entries in the reference.

An entry is a heading of a module's page, or an item of the list below it, which gets an anchor here.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from site_pages import Page

_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINKS_AND_HEADINGS = re.compile(r"(\[[^\]]*\]\([^)]*\)|^#.*$)", re.MULTILINE)
_CODE = re.compile(r"`([\w.]+)(?:\([^`]*\))?`")
_ENTRY = re.compile(r"^(## |- )`(\w+)")


def is_module(name: str) -> bool:
    """Tell whether a page lists the names of a module."""
    return name.startswith("reference/gfruntime")


def places(pages: Iterable[Page]) -> dict[str, tuple[str, str]]:
    """Map names and members to page and anchor; those of `gfruntime` take precedence over others of the same name."""
    modules = sorted((page for page in pages if is_module(page.name)), key=lambda page: page.name, reverse=True)
    return {
        name: (page.name, name if "." in name else name.lower())
        for page in modules
        for name in _entries(page.text)
        if re.search(r"[A-Z_.]", name)  # a word such as `query` means something else in most places
    }


def _entries(text: str) -> Iterator[str]:
    owner = ""
    for line in _FENCED.sub("", text).splitlines():
        if entry := _ENTRY.match(line):
            owner = entry[2] if entry[1] == "## " else owner
            yield owner if entry[1] == "## " else f"{owner}.{entry[2]}"


def with_anchors(text: str) -> str:
    """Give each member in the lists of a module's page an anchor: `Frame.of`."""
    owner, parts = "", _FENCED.split(text)
    for number, part in enumerate(parts):
        lines = part.split("\n") if not part.startswith("```") else []
        for at, line in enumerate(lines):
            if entry := _ENTRY.match(line):
                owner = entry[2] if entry[1] == "## " else owner
                if entry[1] == "- ":
                    lines[at] = f'- <a id="{owner}.{entry[2]}"></a>{line[2:]}'
        parts[number] = "\n".join(lines) if lines else part
    return "".join(parts)


def with_links(text: str, name: str, entries: dict[str, tuple[str, str]]) -> str:
    """Link the first mention of each name on a page; headings, blocks of code and other links stay unchanged."""
    linked_names: set[str] = set()

    def link(code: re.Match[str]) -> str:
        if code[1] not in entries or code[1] in linked_names:
            return code[0]
        linked_names.add(code[1])
        page, anchor = entries[code[1]]
        return f"[{code[0]}]({posixpath.relpath(page, posixpath.dirname(name) or '.')}#{anchor})"

    def change(part: str) -> str:
        if part.startswith("```"):
            return part
        return "".join(
            piece if _LINKS_AND_HEADINGS.fullmatch(piece) else _CODE.sub(link, piece)
            for piece in _LINKS_AND_HEADINGS.split(part)
        )

    return "".join(change(part) for part in _FENCED.split(text))
