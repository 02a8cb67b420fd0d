"""The documentation site: a strict build, all pages, links without errors, and llms.txt."""

import html as html_module
import json
import os
import re
import runpy
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from commands import python

ROOT = Path(__file__).parents[2]
ADDRESS = "https://gfplug.github.io/gfplug/"

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="built on Linux, as it is published"),
]


class Links(HTMLParser):
    """Collects a page's links, the files that a browser would fetch for it, and its anchors."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.targets: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read one element."""
        attributes = {name: value or "" for name, value in attrs}
        self.anchors |= {attributes[name] for name in ("id", "name") if name in attributes}
        target = attributes.get("href", attributes.get("src"))
        if target is None:
            return
        self.targets.append(target)
        if tag in {"img", "script"} or (tag == "link" and attributes.get("rel") in {"stylesheet", "preload"}):
            self.fetched.append(target)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, as the workflow does; `--quiet` would make mkdocs forget `--strict`."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    env = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    ended = python("mkdocs", "build", "--strict", "--site-dir", folder, cwd=ROOT, env=env)
    assert ended.code == 0, ended.err
    return folder


@pytest.fixture(scope="module")
def html(site: Path) -> dict[str, Links]:
    """Read all pages: path in the site → links and anchors."""
    return {
        path.relative_to(site).as_posix(): Links(path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if path.name != "404.html"  # its links start at the server's root
    }


def test_each_link_of_each_page_leads_somewhere(site: Path, html: dict[str, Links]) -> None:
    """It leads to a file of the site, and to an anchor of that page."""
    broken = []
    for page, links in html.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            path = (site / page).parent / unquote(parts.path) if parts.path else site / page
            path = path / "index.html" if path.is_dir() else path
            name = Path(os.path.normpath(path)).relative_to(site).as_posix()
            if not path.exists() or (parts.fragment and unquote(parts.fragment) not in html[name].anchors):
                broken.append((page, target))

    assert len(html) > 60
    assert broken == []


def test_a_link_to_the_repository_names_a_file_of_it(html: dict[str, Links]) -> None:
    """Files that are not pages are read in the repository."""
    files = {
        path
        for links in html.values()
        for target in links.targets
        for path in re.findall(r"^https://github\.com/gfplug/gfplug/(?:blob|tree|edit)/main/([^#]+)", target)
    }

    assert "docs/how-to.md" in files
    assert [path for path in sorted(files) if not (ROOT / path).exists()] == []


def test_a_page_fetches_nothing_from_elsewhere(site: Path, html: dict[str, Links]) -> None:
    """It has no fonts or scripts of other hosts, and no element for which the theme's script calls GitHub."""
    assert {target for links in html.values() for target in links.fetched if urlsplit(target).netloc} == set()
    assert 'data-md-component="source"' not in (site / "index.html").read_text(encoding="utf-8")


def test_a_name_in_code_leads_to_its_entry_in_the_reference(html: dict[str, Links]) -> None:
    """This holds for classes, functions and members; the test of all links checks that the anchors exist."""
    linked = set(html["how-to/oauth2/index.html"].targets)

    assert {f"../../reference/gfruntime/#{name}" for name in ("oauth2options", "HttpClient.of")} <= linked
    assert {"Frame.from_records", "Query.time_range"} <= html["reference/gfruntime/index.html"].anchors


def test_no_page_is_left_out(site: Path) -> None:
    """Each file of docs/, and each section of the long ones, is a page."""
    names = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    how_to = (ROOT / "docs" / "how-to.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## ", how_to, re.MULTILINE)

    assert [name for name in names if not (site / name).exists()] == []
    assert len(list((site / "how-to").glob("*.md"))) == len(sections)


def test_llms_txt_lists_each_page_once_in_the_order_of_the_navigation(site: Path) -> None:
    """Each line has a title, a sentence and the address of the page's Markdown."""
    text = (site / "llms.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^- \[([^\]]+)\]\(([^)]+)\)(: .+)?$", text, re.MULTILINE)
    names = [address.removeprefix(ADDRESS) for _, address, _ in entries]
    navigation = re.findall(r"- (?:\w+: )?([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)

    assert text.startswith("# gfplug\n\n> ")
    assert sorted(names) == sorted(path.relative_to(site).as_posix() for path in site.rglob("*.md"))
    assert [name for name in names if name in navigation] == navigation
    assert [title for title, _, sentence in entries if not sentence] == []
    assert all((site / name).read_text(encoding="utf-8").startswith("# ") for name in names)


def test_the_links_of_the_markdown_lead_to_markdown(site: Path) -> None:
    """A program that follows them from llms.txt finds the next page."""
    broken = []
    for path in site.rglob("*.md"):
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        targets = re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", text)
        broken += [(path.name, target) for target in targets if not (path.parent / target).exists()]

    assert broken == []


def test_the_search_finds_each_symptom_by_what_grafana_shows(site: Path) -> None:
    """Each row of the tables is an entry of the search index: the symptom is its title, the answer its text."""
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    entries = [
        (words_of(without_tags(entry["title"])), words_of(without_tags(entry["text"])))
        for entry in index["docs"]
        if entry["location"].startswith("errors/#")
    ]
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    heads = re.findall(r"^\|.*What goes wrong.*\|$", text, re.MULTILINE)
    rows = [re.split(r"(?<!\\)\|", row) for row in re.findall(r"^\|.*\|$", text, re.MULTILINE)]
    column = [cell.strip() for cell in rows[0]].index("What goes wrong")
    symptoms = [row[-len(rows[0]) + column :][:2] for row in rows if "---" not in row[1] and "|".join(row) not in heads]

    assert len(symptoms) > 50
    assert [symptom for symptom, answer in symptoms if (words_of(symptom), words_of(answer)) not in entries] == []


def words_of(text: str) -> list[str]:
    """List the words of a text, without the addresses of its links."""
    return re.findall(r"\w+", re.sub(r"\]\([^)]*\)", "", text))


def without_tags(text: str) -> str:
    """Turn HTML into text."""
    return html_module.unescape(re.sub(r"<[^>]+>", "", text))


def test_each_picture_is_made_by_the_script_small_and_shown() -> None:
    """`docs/pictures.py` can make it again."""
    script = runpy.run_path(str(ROOT / "docs" / "pictures.py"))
    pictures = {path.name: path.stat().st_size for path in (ROOT / "docs" / "images").iterdir()}
    pages = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])

    assert set(pictures) == set(script["PICTURES"].values())
    assert max(pictures.values()) <= script["LARGEST"]
    assert [name for name in pictures if f"images/{name})" not in pages] == []


def test_the_workflow_builds_the_site_as_this_test_does() -> None:
    """It uses the pinned packages and the strict mode, and publishes what mkdocs.yml names."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "docs.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["build"]["steps"]
    site_dir = re.findall(r"^site_dir: (\S+)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)

    assert 'python -m pip install --editable ".[docs]"' in [step.get("run") for step in steps]
    assert "mkdocs build --strict" in [step.get("run") for step in steps]
    assert [step["with"]["path"] for step in steps if "upload-pages-artifact" in step.get("uses", "")] == site_dir
