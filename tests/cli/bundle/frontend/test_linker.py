"""module.js: one AMD module, the same bytes each time, and a sentence that names what cannot become a part of it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gfplug import resources
from gfplug.bundle.frontend import hooks, library, linker
from gfplug.errors import ProjectError, ToolError

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project

SCHEMA: dict[str, Any] = {"version": 1, "hash": "abc", "config": {"fields": []}, "query": {"fields": []}}


def link(text: str = "") -> str:
    """Link hooks with a small schema."""
    return linker.link(SCHEMA, hooks=hooks.parse(text), banner="test")


def test_a_module_is_one_anonymous_define_of_shared_packages() -> None:
    """Grafana's loader reads the dependencies from its first argument; no other define, import or export is there."""
    text = link("const { map } = require('rxjs/operators');")
    packages = json.loads(text.partition("define(")[2].partition(", function")[0])

    assert packages == ["@grafana/data", "@grafana/runtime", "@grafana/ui", "react", "rxjs", "rxjs/operators"]
    assert text.count("define(") == 1
    assert text.endswith("return { plugin: createPlugin({ packages, schema, locales, runHooks }) };\n});\n")


def test_a_new_projects_module_is_small_and_readable() -> None:
    """At most 31 KB without minifying: names and lines are those of gfplug's own sources, without their comments."""
    text = link((resources.folder("template") / "project" / hooks.FILE).read_text(encoding="utf-8"))

    assert len(text.encode()) <= 31_000
    assert "function ConfigEditor({ options: settings, onOptionsChange, ...rest }) {\n" in text
    assert max(len(line) for line in text.splitlines()) <= 220


def test_the_same_input_gives_the_same_bytes() -> None:
    """Neither the order of the schema's keys, the line ends of a checkout, nor a byte order mark matters."""
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
    embedded = text.partition("\nconst schema = ")[2].partition(";\n")[0]
    translations = text.partition("\nconst locales = ")[2].partition(";\nfunction ")[0]

    assert json.loads(embedded) == schema
    assert json.loads(translations) == {"de": {nasty: nasty}}
    assert text.startswith("/* x * / alert(1) /* */\n")
    assert text.isascii()


def test_the_hooks_come_last_and_are_kept_to_the_letter() -> None:
    """The user's comments are the user's; one in the last line ends there."""
    text = link("exports.query = () => undefined; // {why}")

    assert (
        "\nfunction runHooks(module, exports, require) {\nexports.query = () => undefined; // {why}\n}\nreturn" in text
    )
    assert library.read() in text


@pytest.fixture
def project(project: Project) -> Project:
    """Add a schema module, which answers what a test tells it."""
    (project.root / "src/gfruntime/author").mkdir(parents=True)
    for package in ("src/gfruntime", "src/gfruntime/author"):
        (project.root / package / "__init__.py").write_text("")
    return project


def answer(project: Project, text: str) -> dict[str, Any]:
    """Let the project's schema module be this text, and ask it."""
    (project.root / "src/gfruntime/author/schema.py").write_text(text)
    return linker.read_schema(project, python=sys.executable)  # type: ignore[arg-type]  # a path as text will do


def test_the_schema_comes_from_the_projects_own_interpreter(project: Project) -> None:
    """It is asked for the fixed class and the manifest's id; lines before the last one are noise."""
    schema = answer(project, 'import json, sys\nprint("noise")\nprint(json.dumps({"arguments": sys.argv[1:]}))')

    assert schema == {"arguments": ["plugin.datasource:Datasource", "--plugin-id", "acme-sales-datasource"]}


def test_a_mistake_of_the_author_is_one_sentence_with_the_traceback_kept(project: Project) -> None:
    """The last line is the message; what came before it are the details."""
    with pytest.raises(ProjectError) as caught:
        answer(project, "import sys\nsys.exit('Traceback: line 7\\nModel.table has no default')")

    assert (caught.value.message, caught.value.details) == ("Model.table has no default", "Traceback: line 7")


@pytest.mark.parametrize("text", ["", "print('[broken')"])
def test_an_interpreter_that_answers_nothing_is_no_success(project: Project, text: str) -> None:
    """An author's module may end the interpreter early, with status 0."""
    with pytest.raises(ProjectError, match="ended the interpreter"):
        answer(project, text)


def test_a_missing_interpreter_is_a_tool_error(project: Project) -> None:
    """That is not a mistake in the author's code."""
    with pytest.raises(ToolError, match="was not found"):
        linker.read_schema(project, python=project.root / "no-python")


def test_a_projects_module_is_linked_from_its_folder(project: Project) -> None:
    """The hooks, the translations and the banner come from the project; no other file beside the hooks does."""
    (project.root / "frontend/hooks.js").write_text("exports.query = () => undefined; // mine\n")
    (project.root / "frontend/hooks.test.js").write_bytes(b"import \xff")
    (project.root / "frontend/locales").mkdir()
    (project.root / "frontend/locales/de.json").write_text('{"Table": "Tabelle"}')
    text = linker.link_module(project, SCHEMA)

    assert text.startswith("/* acme-sales-datasource 1.2.3, made by gfplug from frontend/; schema abc */\n")
    assert "// mine\n" in text
    assert '"Tabelle"' in text


def test_hooks_that_cannot_be_linked_end_the_build(project: Project) -> None:
    """Nothing is written without them."""
    (project.root / "frontend/hooks.js").write_text("require('./rows');\n")

    with pytest.raises(ProjectError, match=r"^frontend/hooks\.js:1: "):
        linker.link_module(project, SCHEMA)


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "is not valid JSON"), ('{"a": 1}', "is not a JSON object of texts")]
)
def test_a_broken_translation_is_named(project: Project, text: str, reason: str) -> None:
    """The file and what is wrong with it."""
    (project.root / "frontend/locales").mkdir()
    (project.root / "frontend/locales/de.json").write_text(text)

    with pytest.raises(ProjectError, match=rf"de\.json {reason}"):
        linker.link_module(project, SCHEMA)
