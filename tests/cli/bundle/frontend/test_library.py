"""The text of the editors: rules for its sources, and joining them, which removes only comments."""

import re
from pathlib import Path

import pytest

from gfplug.bundle.frontend import library

SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(library.SOURCES.glob("*.js"))}
DOCS = (Path(__file__).parents[4] / "docs/frontend.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"/\*\*.*?\*/", re.DOTALL)
REQUIRE = re.compile(r"\brequire\b(?:\('([^']+)'\))?")


def code_of(text: str) -> str:
    """Return a source without its comments, by another method than the library's."""
    lines = BLOCK.sub("", text).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("//"))


@pytest.mark.parametrize("name", SOURCES)
def test_the_sources_follow_the_rules_for_joining(name: str) -> None:
    """Each comment is a JSDoc block or begins its line; no string or template contains a comment sign."""
    code = code_of(SOURCES[name])

    assert "/*" not in code
    assert "*/" not in code
    assert " //" not in code
    assert all(line.count("`") % 2 == 0 for line in code.splitlines()), "a template ends in its own line"
    for block in BLOCK.finditer(SOURCES[name]):
        before = SOURCES[name][: block.start()].rpartition("\n")[2]
        assert before.count("'") % 2 == 0
        assert before.count("`") % 2 == 0


def test_the_editor_sources_require_only_each_other_and_the_listed_packages() -> None:
    """Each `require` is a literal, each file exists, there is no import cycle, and each file is in use."""
    requires = {name: REQUIRE.findall(code_of(text)) for name, text in SOURCES.items()}
    neighbours = {name: {each[2:] for each in imports if each.startswith("./")} for name, imports in requires.items()}
    packages = {each for imports in requires.values() for each in imports if not each.startswith("./")}

    assert packages == set(library.PACKAGES)
    assert set().union(*neighbours.values()) == SOURCES.keys() - {"module"}
    while leaves := [name for name, imports in neighbours.items() if not imports & neighbours.keys()]:
        for name in leaves:
            del neighbours[name]
    assert neighbours == {}


def test_joining_removes_only_comments_and_empty_lines() -> None:
    """The rest of each file is its code, unchanged."""
    text = library.assemble(library.SOURCES)
    letters = "".join(text.split())

    assert "/*" not in text
    assert not re.search(r"^\s*//|\n\s*\n", text, re.MULTILINE)
    for name, source in SOURCES.items():
        assert ("".join(code_of(source).split()) in letters) == (name != "project")


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    """Neither the line ends of a checkout nor the order of files in a folder matters."""
    for name, source in reversed(SOURCES.items()):
        (tmp_path / f"{name}.js").write_bytes(source.replace("\n", "\r\n").encode())

    text = library.assemble(library.SOURCES)
    assert library.assemble(tmp_path) == text
    assert "\r" not in text
    assert text.endswith("}\n")


def test_an_installed_gfplug_reads_the_joined_text_and_a_checkout_joins_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel contains the text; in a checkout, an edit of a source is effective at once."""
    assert library.read() == library.assemble(library.SOURCES)

    (tmp_path / "editors").mkdir()
    (tmp_path / "editors/module.js").write_text("exports.plugin = 1;\n")
    monkeypatch.setattr(library, "SOURCES", tmp_path / "editors")
    monkeypatch.setattr(library, "_SHIPPED", tmp_path / "editors.js")
    assert "exports.plugin = 1;" in library.read()
    (tmp_path / "editors/module.js").write_text("exports.plugin = 2;\n")
    assert "exports.plugin = 2;" in library.read()
    (tmp_path / "editors.js").write_text("function createPlugin() {}\n")
    assert library.read() == "function createPlugin() {}\n"


def test_the_documentation_lists_the_editors_sentences() -> None:
    """Translators take the sentences from the page, since projects do not contain the sources."""
    table = SOURCES["strings"].partition("const strings = {")[2].partition("};")[0]
    section = DOCS.partition("## Other languages")[2].partition("\n## ")[0]
    sentences = re.findall(r"`([^`\n]+)`", section.partition("| --- | --- |")[2])

    assert set(sentences) == set(re.findall(r": '(.+)',", table))
