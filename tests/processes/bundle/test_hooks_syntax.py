"""hooks.js as Node reads it: its syntax, and the findings of `gfplug check` about the file."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from small_project import small_project

from gfplug import resources
from gfplug.bundle.frontend import hooks
from gfplug.checks import project_rules
from gfplug.errors import ProjectError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def needs_node() -> None:
    """Skip where Node is missing."""
    if shutil.which("node") is None:
        pytest.skip("node is not on PATH")


@pytest.mark.usefixtures("needs_node")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("\nconst a = ;", "frontend/hooks.js:2: Unexpected token ';'"),
        ("}]}; alert(1); ({", "frontend/hooks.js:1: Unexpected token '}'"),
        ("f(\n'", "frontend/hooks.js:2: Invalid or unexpected token"),
        ("const a = 1;\n\nconst a = 2;", "frontend/hooks.js:3: Identifier 'a' has already been declared"),
        ("const rows = await fetch();", "frontend/hooks.js:1: await is only valid in async functions"),
        ("with (a) {}", "frontend/hooks.js:1: Strict mode code may not include a with statement"),
        ("  import x from 'x'", "frontend/hooks.js:1: Cannot use import statement outside a module"),
    ],
)
def test_node_names_the_line_of_a_syntax_error(text: str, place: str) -> None:
    """The file is strict CommonJS, as it is in module.js."""
    with pytest.raises(ProjectError) as caught:
        hooks.check_syntax(text)

    assert caught.value.message.startswith(place)


@pytest.mark.usefixtures("needs_node")
@pytest.mark.parametrize("text", ["", "// nothing", "return;", "const a = b?.c ?? /[/]}/;", "exports.é = '\u2028';"])
def test_node_accepts_what_browsers_run(text: str) -> None:
    """It accepts an empty file, and every statement that a function may contain."""
    hooks.check_syntax(text)


@pytest.mark.skipif(sys.platform == "win32", reason="the fake Node is a shell script")
@pytest.mark.parametrize("report", ["hooks.cjs:1\nSyntaxError: Unexpected token '.'", "bad option: --check"])
def test_a_syntax_error_of_an_old_node_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: str) -> None:
    """Before version 17 the report has no version at its end, and `a?.b` may be an error."""
    (tmp_path / "node").write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{report}\nEND\nexit 1\n")
    (tmp_path / "node").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert shutil.which("node") == str(tmp_path / "node")

    hooks.check_syntax("a?.b")


def test_check_reports_the_hooks_of_a_project(tmp_path: Path) -> None:
    """`gfplug check` reports code that a build would refuse, and nothing in the template's file."""
    project = small_project(tmp_path)
    path = tmp_path / hooks.FILE

    def findings() -> list[str]:
        return [finding.message for finding in project_rules.check(project) if finding.rule == "hooks"]

    path.write_bytes((resources.folder("template") / "project" / hooks.FILE).read_bytes())
    assert findings() == []
    path.write_text("require('axios')")
    assert findings() == ["frontend/hooks.js:1: Grafana does not share the package 'axios' with plugins"]
