"""Sources that module.js leaves out: exactly those that the schema does not need."""

import re
from typing import Any

import pytest

from gfplug.bundle.frontend import library, linker, parts
from gfplug.bundle.frontend.hooks import Hooks

BARE: dict[str, Any] = {"config": {"fields": []}, "query": {"fields": []}, "capabilities": {}}
NEEDS: dict[str, dict[str, Any]] = {
    "filters": {"capabilities": {"tagKeys": True}},
    "headers": {"config": {"fields": [{"name": "headers", "kind": "headers"}]}},
    "help": {"examples": [{"name": "a", "model": {}}]},
    "migration": {"own": {"variable": {"fields": [], "migrates": True}}},
    "memory": {"query": {"fields": [{"name": "a", "kind": "string", "remember": True}]}},
    "values": {"query": {"fields": [{"name": "a", "kind": "code", "variables": "values"}]}},
}


def sources_in(text: str) -> set[str]:
    """List the sources in a joined text."""
    return set(re.findall(r"^'\./(\w+)'\(module, exports, require\) \{$", text, re.MULTILINE))


@pytest.mark.parametrize("name", NEEDS)
def test_a_source_is_included_if_its_feature_is_used(name: str) -> None:
    """Each feature is tried alone; an included source has the same text as in the whole."""
    text = linker.link(BARE | NEEDS[name], banner="test")

    assert sources_in(text) & NEEDS.keys() == {name}
    assert parts.find_unused_sources(BARE | NEEDS[name]) == NEEDS.keys() - {name}
    assert sources_in(linker.link(BARE, banner="test")) == sources_in(library.read()) - NEEDS.keys() - {"hybrid"}


def test_the_part_for_hooks_is_only_linked_with_hooks() -> None:
    """A hooks.js with only comments does not need it."""
    text = linker.link(BARE, hooks=Hooks(text="exports.x = 1;"), banner="test")

    assert "hybrid" in sources_in(text)
    assert "hybrid" not in sources_in(linker.link(BARE, hooks=Hooks(text="\n"), banner="test"))


def test_a_class_that_only_lists_filter_values_gets_the_filter_source() -> None:
    """A class may list values without other filter features."""
    assert "filters" not in parts.find_unused_sources(BARE | {"capabilities": {"tagValues": True}})


def test_leaving_out_a_source_removes_exactly_its_text() -> None:
    """No line inside a source looks like the end of a source."""
    whole = library.read()
    for name in sources_in(whole):
        rest = library.read(without=[name])
        assert sources_in(rest) == sources_in(whole) - {name}
        start, length = whole.index(f"'./{name}'(module"), len(whole) - len(rest)
        assert whole[:start] + whole[start + length :] == rest
        assert rest[start:].startswith(("'./", "};"))


def test_conditional_sources_are_never_required_at_the_top_of_a_file() -> None:
    """Each is required once, inside a function or behind the condition, and not at the top of a file."""
    for path in library.SOURCES.glob("*.js"):
        for line in path.read_text(encoding="utf-8").splitlines():
            modules = set(re.findall(r"require\('\./(\w+)'\)", line))
            assert not modules & {*NEEDS, "hybrid"} or not line.startswith("const {")
