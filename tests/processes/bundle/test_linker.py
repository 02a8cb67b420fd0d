"""module.js of a project: its schema comes from the project's interpreter, the other parts from its folder."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from small_project import LOCK

from gfplug.bundle.frontend import linker
from gfplug.errors import ProjectError, ToolError
from gfplug.project import lock
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: dict[str, Any] = {"config": {"fields": []}, "query": {"fields": []}, "hash": "abc"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make a project with a manifest, and a schema module that a test replaces."""
    project = Project(tmp_path)
    (tmp_path / "src/gfruntime/author").mkdir(parents=True)
    (tmp_path / "frontend").mkdir()
    manifest = {"id": "acme-sales-datasource", "name": "Sales", "executable": "gpx_sales"}
    (tmp_path / "plugin.json").write_text(json.dumps(manifest))
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.3"\n')
    for package in ("src/gfruntime", "src/gfruntime/author"):
        (tmp_path / package / "__init__.py").write_text("")
    lock.write(project.lock_path, replace(LOCK, owned={}))
    return project


def answer(project: Project, text: str) -> dict[str, Any]:
    """Write this text as the project's schema module, and read the schema."""
    (project.root / "src/gfruntime/author/schema.py").write_text(text)
    return linker.read_schema(project, python=sys.executable)  # type: ignore[arg-type]  # a path as text will do


def test_the_schema_comes_from_the_projects_own_interpreter(project: Project) -> None:
    """Gfplug passes the name of the fixed class and the manifest's id, and reads only the last line."""
    schema = answer(project, 'import json, sys\nprint("noise")\nprint(json.dumps({"arguments": sys.argv[1:]}))')

    assert schema == {"arguments": ["plugin.datasource:Datasource", "--plugin-id", "acme-sales-datasource"]}


def test_an_error_in_the_authors_code_is_one_sentence_and_keeps_the_traceback(project: Project) -> None:
    """The last line is the message; the lines before it are the details."""
    with pytest.raises(ProjectError) as caught:
        answer(project, "import sys\nsys.exit('Traceback: line 7\\nModel.table has no default')")

    assert (caught.value.message, caught.value.details) == ("Model.table has no default", "Traceback: line 7")


@pytest.mark.shows("errors: a package needs a system library")
def test_the_error_for_a_missing_system_library_says_what_to_install(project: Project) -> None:
    """For example, the wheel of pyodbc does not contain unixODBC."""
    with pytest.raises(ProjectError, match=r"libodbc\.so\.2") as caught:
        answer(
            project, "import sys\nsys.exit('ImportError: libodbc.so.2: cannot open shared object file: No such file')"
        )

    assert caught.value.hint.startswith("Install the system's package of libodbc.so.2 where you build")


@pytest.mark.parametrize("text", ["", "print('[broken')"])
def test_an_interpreter_without_an_answer_is_a_failure(project: Project, text: str) -> None:
    """An author's module may end the interpreter early, with status 0."""
    with pytest.raises(ProjectError, match="ended Python while"):
        answer(project, text)


def test_a_missing_interpreter_is_a_tool_error(project: Project) -> None:
    """The author's code is not the cause."""
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
    """No module.js is written."""
    (project.root / "frontend/hooks.js").write_text("require('./rows');\n")

    with pytest.raises(ProjectError, match=r"^frontend/hooks\.js:1: "):
        linker.link_module(project, SCHEMA)


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "is not valid JSON"), ('{"a": 1}', "is not a JSON object of texts")]
)
def test_a_broken_translation_is_named(project: Project, text: str, reason: str) -> None:
    """The error names the file and the mistake."""
    (project.root / "frontend/locales").mkdir()
    (project.root / "frontend/locales/de.json").write_text(text)

    with pytest.raises(ProjectError, match=rf"de\.json {reason}"):
        linker.link_module(project, SCHEMA)


def test_a_control_for_a_field_that_no_form_has_ends_the_build(project: Project) -> None:
    """module.js is not linked with it."""
    schema = SCHEMA | {"query": {"fields": [{"name": "table", "kind": "string"}]}}
    (project.root / "frontend/hooks.js").write_text("exports.fields = { tabel: Table };\n", encoding="utf-8")

    with pytest.raises(
        ProjectError, match=r"exports\.fields names 'tabel', which is not a field that the query editor shows"
    ):
        linker.link_module(project, schema)
    (project.root / "frontend/hooks.js").write_text("exports.fields = { table: Table };\n", encoding="utf-8")
    assert "exports.fields = { table: Table };" in linker.link_module(project, schema)
