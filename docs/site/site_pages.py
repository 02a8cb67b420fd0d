"""The pages of the documentation site: files of docs/, parts of its long files, and files from other folders.

A page's name is its path in the site's sources (`how-to/oauth2.md`). Its origin is the file of the repository that its
text comes from (`docs/how-to.md`). Links are written for the origin, so that GitHub can follow them, and are changed
for the site.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pymdownx.slugs import slugify

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGES_BY_SECTION = ("how-to.md", "reference.md")
"""Files of docs/ whose sections of the second level are separate pages."""

OTHERS = {
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "benchmarks.md": "benchmarks/README.md",
    "results.md": "benchmarks/RESULTS.md",
    "examples.md": "examples/README.md",
}
"""Maps a page to the file outside of docs/ that it shows."""

_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(\]\()([^)\s:]+|#[^)\s]+)(\))")
_HEADING = re.compile(r"^(#{1,6}) (.+?) *$", re.MULTILINE)
_HEADS = re.compile(r"^(Config|Nullability|Options|Raises|Shape|Source|Units): ", re.MULTILINE)
_MODULE = re.compile(r"# `from (\S+) import …`")
_slug = slugify(case="lower")


@dataclass(frozen=True)
class Page:
    """A page: its name, the file that its text comes from, the file's text, and the anchors of its headings."""

    name: str
    origin: str
    text: str
    anchors: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """The first heading, without marks of code."""
        heading = _HEADING.search(_without_code(self.text))
        return heading[2].replace("`", "") if heading else self.name

    @property
    def summary(self) -> str:
        """The first sentence of the page, without marks; for a page with only headings, the headings."""
        text = _without_code(self.text)
        head = re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]
        for paragraph in re.split(r"\n\s*\n", head):
            if re.match(r"[A-Za-z`*\[]", paragraph):
                plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|\*\*|`", r"\1", " ".join(paragraph.split()))
                return re.split(r"(?<=[.!?]) (?=[A-Z])", plain)[0]
        return ", ".join(heading.replace("`", "") for heading in re.findall(r"^## (.+)$", text, re.MULTILINE))


def read() -> dict[str, Page]:
    """Read all pages, by name."""
    pages: dict[str, Page] = {}
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").as_posix()
        text = path.read_text(encoding="utf-8")
        for page in _section_pages(name, text) if name in PAGES_BY_SECTION else [_page(name, f"docs/{name}", text)]:
            pages[page.name] = page
    for name, origin in OTHERS.items():
        pages[name] = _page(name, origin, (ROOT / origin).read_text(encoding="utf-8"))
    return pages


def linked(page: Page, pages: dict[str, Page], repository: str) -> str:
    """Return a page's text with links to other pages, and to the repository for files that are not pages."""
    by_origin: dict[str, list[Page]] = {}
    for each in pages.values():
        by_origin.setdefault(each.origin, []).append(each)
    change = partial(_target, page, by_origin, repository)
    return _outside_code(page.text, lambda text: _LINK.sub(lambda m: f"{m[1]}{change(m[2])}{m[3]}", text))


def _target(page: Page, by_origin: dict[str, list[Page]], repository: str, target: str) -> str:
    path, _, anchor = target.partition("#")
    origin = posixpath.normpath(posixpath.join(posixpath.dirname(page.origin), path)) if path else page.origin
    parts = by_origin.get(origin)
    if parts:
        part = next((each for each in parts if anchor in each.anchors), parts[0])
        is_title = len(parts) > 1 and anchor == (part.anchors or ("",))[0]
        end = f"#{anchor}" if anchor and not is_title else ""
        return end if part is page and end else f"{_relative(part.name, page)}{end}"
    if origin.startswith("docs/") and (ROOT / origin).exists():
        return f"{_relative(origin.removeprefix('docs/'), page)}{f'#{anchor}' if anchor else ''}"
    kind = "tree" if (ROOT / origin).is_dir() else "blob"
    return f"{repository}/{kind}/main/{origin}" if (ROOT / origin).exists() else target


def _relative(name: str, page: Page) -> str:
    return posixpath.relpath(name, posixpath.dirname(page.name) or ".")


def _section_pages(name: str, text: str) -> list[Page]:
    """Make a page of each section; the first page has the text before the sections, and a list of them."""
    origin, folder = f"docs/{name}", name.removesuffix(".md")
    starts = [match.start() for match in _HEADING.finditer(_blank_code(text)) if len(match[1]) == 2]  # noqa: PLR2004  # of the second level
    sections = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    parts = []
    for section in sections:
        promoted = _outside_code(section, lambda part: re.sub(r"^#(#+ )", r"\1", part, flags=re.MULTILINE))
        anchors = tuple(anchors_of(promoted))
        file = anchors[0]
        if module := _MODULE.match(promoted):
            file = module[1].replace(".", "-")
            promoted = f"# `{module[1]}`{promoted[module.end() :]}"
            promoted = _outside_code(promoted, lambda part: _HEADS.sub(r"\n**\1:** ", part))
        parts.append(Page(f"{folder}/{file}.md", origin, promoted, anchors))
    head = text[: starts[0]]
    links = "".join(f"- [{part.title}](#{part.anchors[0]}): {part.summary}\n" for part in parts)
    return [_page(name, origin, f"{_without_links_to_itself(head)}\n{links}"), *parts]


def _without_links_to_itself(text: str) -> str:
    """Remove paragraphs that are only a table of contents."""
    return "".join(part for part in re.split(r"(?<=\n\n)", text) if not part.startswith("[") or "](#" not in part)


def _page(name: str, origin: str, text: str) -> Page:
    return Page(name, origin, text, tuple(anchors_of(text)))


def anchors_of(text: str) -> list[str]:
    """List the anchors of the headings, as the site and GitHub write them."""
    anchors: list[str] = []
    for match in _HEADING.finditer(_blank_code(text)):
        slug = _slug(re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", match[2]), "-")
        count = sum(1 for each in anchors if re.fullmatch(rf"{re.escape(slug)}(_\d+)?", each))
        anchors.append(f"{slug}_{count}" if count else slug)
    return anchors


def _without_code(text: str) -> str:
    return _FENCED.sub("", text)


def _blank_code(text: str) -> str:
    """Replace fenced blocks by the same number of other characters, so that positions stay."""
    return _FENCED.sub(lambda match: "\n".join("." * len(line) for line in match[0].split("\n")), text)


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    return "".join(part if part.startswith("```") else change(part) for part in _FENCED.split(text))
