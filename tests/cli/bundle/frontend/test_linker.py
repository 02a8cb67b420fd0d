"""module.js: one AMD module, the same bytes each time, and errors that name the code that it cannot contain."""

import json
from typing import Any

from gfplug import resources
from gfplug.bundle.frontend import hooks, library, linker, parts

SCHEMA: dict[str, Any] = {"version": 1, "hash": "abc", "config": {"fields": []}, "query": {"fields": []}}


def link(text: str = "") -> str:
    """Link hooks with a small schema."""
    return linker.link(SCHEMA, hooks=hooks.parse(text), banner="test")


def test_a_module_is_one_anonymous_define_of_shared_packages() -> None:
    """Grafana's loader reads the dependencies from the first argument; there is no other define, import or export."""
    text = link("const { map } = require('rxjs/operators');")
    packages = json.loads(text.partition("define(")[2].partition(", function")[0])

    assert packages == ["@grafana/data", "@grafana/runtime", "@grafana/ui", "react", "rxjs", "rxjs/operators"]
    assert text.count("define(") == 1
    assert text.endswith("return { plugin: createPlugin({ packages, schema, locales, runHooks }) };\n});\n")


def test_a_new_projects_module_is_small_and_readable() -> None:
    """It has at most 31 KB without minifying: names and lines are those of gfplug's sources, without comments."""
    text = link((resources.folder("template") / "project" / hooks.FILE).read_text(encoding="utf-8"))

    assert len(text.encode()) <= 31_000
    assert "function ConfigEditor({ options: settings, onOptionsChange, ...rest }) {\n" in text
    assert max(len(line) for line in text.splitlines()) <= 220


def test_the_same_input_gives_the_same_bytes() -> None:
    """The order of the schema's keys, line ends and a byte order mark do not matter."""
    crlf = linker.link(
        dict(reversed(SCHEMA.items())),
        hooks=hooks.parse("\ufeffconst a = require('rxjs');\r\n"),
        locales={},
        banner="test",
    )

    assert link("const a = require('rxjs');\n") == crlf
    assert "\r" not in crlf


def test_schema_and_translations_are_embedded_as_data() -> None:
    """Texts of the author cannot become code."""
    nasty = "*/ ' \" ` ${alert(1)} \u2028 </script> \\"
    schema = SCHEMA | {"config": {"fields": [{"name": "a", "kind": "string", "label": nasty}]}}
    text = linker.link(schema, locales={"de": {nasty: nasty}}, banner="x */ alert(1) /*")
    schema_text = text.partition("\nconst schema = ")[2].partition(";\n")[0]
    translations = text.partition("\nconst locales = ")[2].partition(";\nfunction ")[0]

    assert json.loads(schema_text) == schema
    assert json.loads(translations) == {"de": {nasty: nasty}}
    assert text.startswith("/* x * / alert(1) /* */\n")
    assert text.isascii()


def test_the_hooks_come_last_and_unchanged() -> None:
    """Comments of the author stay; a comment in the last line ends with the hooks."""
    text = link("exports.query = () => undefined; // {why}")

    assert (
        "\nfunction runHooks(module, exports, require) {\nexports.query = () => undefined; // {why}\n}\nreturn" in text
    )
    assert library.read(without=parts.find_unused_sources(SCHEMA)) in text
