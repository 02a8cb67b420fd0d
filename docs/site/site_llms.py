"""llms.txt: the site's pages for programs that read Markdown, in the order of the navigation.

Source: llmstxt.org: a title, a quotation, sections of links, each with a sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mkdocs.config.defaults import MkDocsConfig
    from site_pages import Page


def names(nav: Sequence[Any]) -> Iterator[str]:
    """List the pages that a navigation names, in its order."""
    for item in nav:
        for value in item.values() if isinstance(item, dict) else [item]:
            if isinstance(value, str):
                yield value
            else:
                yield from names(value)


def text(nav: Sequence[Any], pages: Mapping[str, Page], config: MkDocsConfig) -> str:
    """Write the file; pages without a section come first."""
    parts = [f"# {config.site_name}\n\n> {config.site_description}\n"]
    sections = [(title, list(names([inside]))) for item in nav for title, inside in item.items()]
    for title, page_names in sections:
        lines = [_line(pages[name], str(config.site_url)) for name in page_names]
        parts.append(f"\n## {title}\n\n{''.join(lines)}")
    return "".join(parts)


def _line(page: Page, address: str) -> str:
    return f"- [{page.title}]({address}{page.name})" + (f": {page.summary}" if page.summary else "") + "\n"
