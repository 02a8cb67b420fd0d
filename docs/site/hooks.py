"""Hooks of `mkdocs build`: they take the site's pages from site_pages.py, and write llms.txt.

Every page that mkdocs.yml does not name comes last in its section, and a page without a section in the last section, so
that no page is left out.
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parent))

import site_llms
import site_names
import site_pages
import site_symptoms

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page as SitePage


@functools.cache
def _all() -> dict[str, site_pages.Page]:
    return site_pages.read()


@functools.cache
def _entries() -> dict[str, tuple[str, str]]:
    return site_names.places(_all().values())


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the pages again, and add those that the navigation does not name."""
    _all.cache_clear()
    _entries.cache_clear()
    nav: list[dict[str, Any]] = config.nav or []
    names_in_nav = set(site_llms.names(nav))
    for name in sorted(set(_all()) - names_in_nav - {"index.md"}):
        section = next((each for each in nav if _is_section_of(name, each)), nav[-1])
        next(iter(section.values())).append(name)
    return config


def _is_section_of(name: str, section: dict[str, Any]) -> bool:
    """Tell whether a section contains the page of a page's folder."""
    return "/" in name and f"{name.partition('/')[0]}.md" in set(site_llms.names([section]))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Replace the files of docs/ with all pages."""
    for name, page in _all().items():
        existing = files.get_file_from_path(name)
        if existing is not None:
            files.remove(existing)
        files.append(File.generated(config, name, content=site_pages.linked(page, _all(), str(config.repo_url))))
    return files


def on_page_markdown(markdown: str, page: SitePage, **_: Any) -> str:  # noqa: ANN401  # mkdocs' own
    """Link names in code to the reference, and make sections of symptoms; published Markdown stays unchanged."""
    name = page.file.src_uri
    if name == "changelog.md":
        return markdown
    if name == "errors.md":
        markdown = site_symptoms.with_sections(markdown)
    text = site_names.with_anchors(markdown) if site_names.is_module(name) else markdown
    return site_names.with_links(text, name, _entries())


def on_page_context(context: dict[str, Any], page: SitePage, config: MkDocsConfig, **_: Any) -> dict[str, Any]:  # noqa: ANN401  # mkdocs' own
    """Link "edit" to the file from which the text comes."""
    page.edit_url = f"{config.repo_url}/edit/main/{_all()[page.file.src_uri].origin}"
    return context


def on_post_build(config: MkDocsConfig) -> None:
    """Write llms.txt, and each page's Markdown at the path of its links."""
    site = Path(config.site_dir)
    for name, page in _all().items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(site_pages.linked(page, _all(), str(config.repo_url)), encoding="utf-8")
    (site / "llms.txt").write_text(site_llms.text(config.nav or [], _all(), config), encoding="utf-8")
