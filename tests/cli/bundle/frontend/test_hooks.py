"""hooks.js as a build reads it: its `require` calls, code that is refused, and the syntax check."""

import re
import time
from pathlib import Path

import pytest

from gfplug import resources
from gfplug.bundle.frontend import hooks
from gfplug.errors import ProjectError
from gfplug.project.plugin_project import Project


def test_required_packages_are_read_from_code() -> None:
    """Any quotes work; comments, methods named require and longer names do not count."""
    text = """
const { map } = require('rxjs'), _ = require( "lodash" );
// const axios = require('axios');
/* const fs = require('fs');
   require('./other'); */
/** Uses require('os'). */
lazy(() => require(`react`)); // not require('vue')
const site = 'https://a.example'; const moment = require('moment');
tool.require('svelte'); myrequire('solid');
"""

    assert hooks.parse(text).packages == {"rxjs", "lodash", "react", "moment"}


def test_the_documentation_lists_the_packages_that_hooks_may_require() -> None:
    """It lists exactly the shared packages."""
    text = (Path(__file__).parents[4] / "docs/frontend.md").read_text(encoding="utf-8")
    names = re.findall(r"`([^`]+)`", text.partition("that Grafana shares with plugins:")[2].partition(". ")[0])

    assert set(names) == hooks.SHARED


def test_the_text_of_hooks_is_kept() -> None:
    """Comments stay; only line ends are normalized and a byte order mark is removed."""
    assert hooks.parse("\ufeffexports.query = 1; // why\r\n\rx").text == "exports.query = 1; // why\n\nx"


def test_a_file_of_comments_adds_no_hooks() -> None:
    """The file of a new project adds nothing to module.js."""
    text = (resources.folder("template") / "project" / hooks.FILE).read_text(encoding="utf-8")

    assert hooks.parse(text) == hooks.parse("/* a\n\n */\n  // b") == hooks.Hooks()
    assert hooks.parse(text + "f();").text == text + "f();"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("\nrequire('axios')", "frontend/hooks.js:2: Grafana does not share the package 'axios' with plugins"),
        ("require('react/jsx-runtime')", "frontend/hooks.js:1: Grafana does not share the package 'react/jsx-runtime'"),
        ("require('@grafana/i18n')", "frontend/hooks.js:1: Grafana does not share the package '@grafana/i18n'"),
        ("/*\n\n*/ require('fs')", "frontend/hooks.js:3: Grafana does not share the package 'fs'"),
        ("require('/etc/passwd')", "frontend/hooks.js:1: '/etc/passwd' is another file"),
        (
            "require('./rows')",
            "frontend/hooks.js:1: './rows' is another file, but module.js contains only frontend/hooks.js",
        ),
        ("require('../rows.js')", "frontend/hooks.js:1: '../rows.js' is another file"),
        ("\n\nimport x from 'x'", "frontend/hooks.js:3: 'import' is the syntax of ES modules"),
        ("import 'x'", "frontend/hooks.js:1: 'import' is the syntax of ES modules"),
        ("// a\nexport default 1", "frontend/hooks.js:2: 'export' is the syntax of ES modules"),
        ("export{ a }", "frontend/hooks.js:1: 'export' is the syntax of ES modules"),
    ],
)
def test_code_that_cannot_be_in_module_js_is_refused_with_its_line(text: str, sentence: str) -> None:
    """The error has file, line and problem; the browser gets only one file."""
    with pytest.raises(ProjectError, match=f"^{re.escape(sentence)}") as excinfo:
        hooks.parse(text)

    if "another file" in sentence:
        assert excinfo.value.hint == "move what you need of it into frontend/hooks.js"


@pytest.mark.parametrize("text", ["exports.import = 1;", "const exported = 1;", "  import: 1,", "importAll();", ""])
def test_words_that_only_look_like_module_syntax_are_code(text: str) -> None:
    """Properties and longer names that contain the keywords are allowed."""
    assert hooks.parse(text).packages == frozenset()


def test_without_node_hooks_are_built_without_a_syntax_check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The default frontend does not need Node."""
    monkeypatch.setenv("PATH", str(tmp_path))

    hooks.check_syntax("const a = ;")


def test_a_project_without_hooks_js_has_no_hooks(tmp_path: Path) -> None:
    """An author may delete the file."""
    assert hooks.read_hooks(Project(tmp_path)) == hooks.Hooks()


def test_hooks_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    """The error names the path and the byte."""
    (tmp_path / "frontend").mkdir()
    (tmp_path / hooks.FILE).write_bytes(b"ok \xff")

    with pytest.raises(ProjectError, match=r"hooks\.js is not UTF-8: .* at byte 3"):
        hooks.read_hooks(Project(tmp_path))


def test_an_open_comment_is_read_in_linear_time() -> None:
    """A text with many comment starts is read in linear time and is not a comment."""
    began = time.process_time()

    assert hooks.parse("/* " * 100_000 + "\nexports.query = 1;") is not None
    assert hooks.parse("/* a */ exports.query = 1; // b */ import x\n// import {y}\n").packages == frozenset()
    assert time.process_time() - began < 2
