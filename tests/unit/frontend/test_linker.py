"""The linker: one AMD module, the same bytes each time, and a sentence with file and line for what cannot be linked."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from test_lock import LOCK

from gfplug import lock, resources
from gfplug.errors import ProjectError, ToolError
from gfplug.frontend import linker
from gfplug.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA: dict[str, Any] = {"version": 1, "hash": "abc", "config": {"fields": []}, "query": {"fields": []}}
SMALL = {"module.js": "exports.plugin = require('./hooks');\nrequire('./schema');", "hooks.js": "", "schema.js": ""}


def stub() -> dict[str, str]:
    """Read the stub that every project gets."""
    folder = resources.folder("template") / "project/frontend/stub"
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.js")}


def link(hooks: Mapping[str, str] | None = None, *, stub_files: Mapping[str, str] = SMALL) -> str:
    """Link a stub with hooks."""
    return linker.link(stub_files, SCHEMA, hooks=hooks, banner="test")


def refusal(hooks: Mapping[str, str]) -> str:
    """Return the sentence that refuses hooks."""
    with pytest.raises(ProjectError) as caught:
        link(hooks)
    return caught.value.message


def test_the_stub_becomes_one_anonymous_define_of_shared_packages() -> None:
    """Grafana's loader reads the dependencies from its first argument; no other define, import or export is there."""
    text = link(stub_files=stub())
    packages = json.loads(text.partition("define(")[2].partition(", function")[0])

    assert packages == ["@grafana/data", "@grafana/runtime", "@grafana/ui", "react", "rxjs"]
    assert text.count("\ndefine(") == 1
    assert text.rstrip().endswith('return load("stub/module.js");\n});')


def test_the_default_module_is_small_and_readable() -> None:
    """At most 25 KB without minifying: names and lines are the stub's own."""
    text = link(stub_files=stub())

    assert len(text.encode()) <= 25_000
    assert "function ConfigEditor({ options: settings, onOptionsChange, ...rest }) {\n" in text
    assert max(len(line) for line in text.splitlines()) <= 220


def test_the_same_input_gives_the_same_bytes() -> None:
    """Neither the order of the files, the line ends of a checkout, nor a byte order mark matters."""
    hooks = {"hooks.js": "const a = require('./a');\n", "a.js": "exports.a = 1;\n"}
    other = {"a.js": "\ufeffexports.a = 1;\r\n", "hooks.js": "const a = require('./a');\r\n"}

    assert link(hooks) == link(other, stub_files=dict(reversed(SMALL.items())))


def test_the_schema_is_embedded_as_data() -> None:
    """Texts of the author cannot become code."""
    nasty = "*/ ' \" ` ${alert(1)} \u2028 </script> \\"
    schema = SCHEMA | {"config": {"fields": [{"name": "a", "kind": "string", "label": nasty}]}}
    text = linker.link(SMALL, schema, banner="x */ alert(1) /*")
    embedded = text.partition("exports.schema = ")[2].partition(";\n")[0]

    assert json.loads(embedded) == schema
    assert text.startswith("/* x * / alert(1) /* */\n")
    assert text.isascii()


def test_hooks_bring_the_files_they_require_and_no_others() -> None:
    """Folders, `..` and missing suffixes resolve as in Node; tests and other files stay out."""
    text = link(
        {
            "hooks.js": "require('./lib'); require('./lib/rows.js'); require('react');",
            "lib/index.js": "require('../shared'); require('./rows')",
            "lib/rows.js": "require('..//hooks')",
            "shared.js": "exports.shared = 1;",
            "hooks.test.js": "import assert from 'node:assert'",
        }
    )

    assert "exports.shared = 1;" in text
    assert "assert" not in text
    assert '"./lib": "lib/index.js", "./lib/rows.js": "lib/rows.js"' in text


def test_hooks_are_kept_to_the_letter() -> None:
    """The user's comments are the user's."""
    assert "exports.query = () => undefined; // why\n" in link({"hooks.js": "exports.query = () => undefined; // why"})


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("\nrequire('axios')", "frontend/hooks.js:2: Grafana does not share the package 'axios' with plugins"),
        ("require('react/jsx-runtime')", "frontend/hooks.js:1: Grafana does not share the package 'react/jsx-runtime'"),
        ("require('@grafana/i18n')", "frontend/hooks.js:1: Grafana does not share the package '@grafana/i18n'"),
        ("require('fs')", "frontend/hooks.js:1: Grafana does not share the package 'fs'"),
        ("require('/etc/passwd')", "frontend/hooks.js:1: Grafana does not share the package '/etc/passwd'"),
        ("require('./nope')", "frontend/hooks.js:1: frontend/nope.js does not exist"),
        ("require('../../secret')", "frontend/hooks.js:1: frontend/../../secret.js does not exist"),
        ("\n\nimport x from 'x'", "frontend/hooks.js:3: 'import' is module syntax; use require() and exports"),
        ("export default 1", "frontend/hooks.js:1: 'export' is module syntax"),
        ("}]}; alert(1); ({", "frontend/hooks.js:1: '}' does not close anything"),
        ("a('", "frontend/hooks.js:1: this ' is never closed"),
        ("require(name)", "frontend/hooks.js:1: require() takes one literal text"),
        ("require('./stub/fields')", "frontend/hooks.js:1: './stub/fields' is inside frontend/stub/"),
    ],
)
def test_what_cannot_be_linked_is_named_with_its_line(source: str, sentence: str) -> None:
    """One sentence says file, line and what is wrong."""
    assert refusal({"hooks.js": source}).startswith(sentence)


@pytest.mark.parametrize("name", ["stub/query.js", "../hooks.js", "/hooks.js", "a/../stub/module.js", "./hooks.js"])
def test_hooks_cannot_replace_the_stub(name: str) -> None:
    """A file of the project never takes the place of one of gfplug's, nor comes from outside the folder."""
    assert refusal({name: ""}).startswith(f"frontend/{name} cannot stand beside hooks.js")


def test_a_mistake_in_a_file_of_the_hooks_names_that_file() -> None:
    """The file that holds the line is named, not the one that required it."""
    assert refusal({"hooks.js": "require('./a')", "a.js": "\n\nfoo("}) == "frontend/a.js:3: this ( is never closed"


def test_a_stub_without_its_entry_is_refused() -> None:
    """A damaged stub is a sentence, not a module that does nothing."""
    with pytest.raises(ProjectError, match=r"frontend/stub/module\.js does not exist"):
        link(stub_files={})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a project of a manifest, the stub, and a schema module that answers what a test tells it."""
    found = Project(tmp_path)
    (tmp_path / "src/gfruntime").mkdir(parents=True)
    (tmp_path / "frontend/stub").mkdir(parents=True)
    for name, text in stub().items():
        (tmp_path / "frontend/stub" / name).write_text(text, encoding="utf-8")
    manifest = {"id": "acme-sales-datasource", "name": "Sales", "executable": "gpx_sales"}
    (tmp_path / "plugin.json").write_text(json.dumps(manifest))
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
    (tmp_path / "src/gfruntime/__init__.py").write_text("")
    lock.write(found.lock_path, replace(LOCK, owned={}))
    return found


def answer(project: Project, text: str) -> dict[str, Any]:
    """Let the project's schema module be this text, and ask it."""
    (project.root / "src/gfruntime/schema.py").write_text(text)
    return linker.schema(project, python=sys.executable)  # type: ignore[arg-type]  # a path as text will do


def test_the_schema_comes_from_the_projects_own_interpreter(project: Project) -> None:
    """It is asked for the fixed class and the manifest's id; lines before the last one are noise."""
    found = answer(project, 'import json, sys\nprint("noise")\nprint(json.dumps({"arguments": sys.argv[1:]}))')

    assert found["arguments"] == ["plugin.datasource:Datasource", "--plugin-id", "acme-sales-datasource"]
    assert found["queryPath"] == "backend"


def test_a_project_with_hooks_is_hybrid(project: Project) -> None:
    """The file's being there is the switch."""
    (project.root / "frontend/hooks.js").write_text("exports.query = () => undefined;")

    assert answer(project, "print('{}')")["queryPath"] == "hybrid"


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
        linker.schema(project, python=project.root / "no-python")


def test_a_projects_module_is_linked_from_its_folder(project: Project) -> None:
    """The stub, the hooks and the banner come from the project; what npm installed does not."""
    (project.root / "frontend/hooks.js").write_text("exports.query = () => undefined; // mine\n")
    (project.root / "frontend/node_modules").mkdir()
    (project.root / "frontend/node_modules/latin.js").write_bytes(b"\xff")
    text = linker.module(project, SCHEMA)

    assert text.startswith("/* acme-sales-datasource 1.2.3, made by gfplug from frontend/; schema abc */\n")
    assert "// mine\n" in text


def test_a_file_that_is_not_text_is_named(project: Project) -> None:
    """The path and the byte are named."""
    (project.root / "frontend/hooks.js").write_bytes(b"ok \xff")

    with pytest.raises(ProjectError, match=r"hooks\.js is not UTF-8 text: .* at byte 3"):
        linker.module(project, SCHEMA)
