"""`frontend/hooks.js`: the author's browser code, one CommonJS file that is appended to module.js.

This module knows the packages that the file may require: those that every supported Grafana shares with plugins. It
also checks the syntax. It reads lines and is not a parser: a `require` in a line outside of comments counts.

Source: grafana v11.6.0 and v13.0.0, public/app/features/plugins/loader/sharedDependencies.ts.
"""

from __future__ import annotations

import logging
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.errors import ProjectError, ToolError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project

FILE = "frontend/hooks.js"
SHARED = frozenset(
    {
        *("@emotion/css", "@emotion/react", "@grafana/data", "@grafana/runtime", "@grafana/ui", "d3", "i18next"),
        *("jquery", "lodash", "moment", "prismjs", "react", "react-dom", "react-redux", "react-router"),
        *("react-router-dom", "redux", "rxjs", "rxjs/operators"),
    }
)
"""The packages that Grafana 11.6 and every later version share with plugins."""

_COMMENT = re.compile(r"(?<!\S)(?://[^\n]*|/\*.*?\*/)", re.DOTALL)
_LINE_COMMENT = re.compile(r"(?<!\S)//[^\n]*")
_REQUIRE = re.compile(r"""(?<![\w$.])require\(\s*(["'`])(?P<name>[^"'`\n]+)\1\s*\)""")
_MODULE_SYNTAX = re.compile(r"^(?P<word>import(?=[\s{*\"'])|export(?=[\s{*]))", re.MULTILINE)
_NODE_SECONDS = 20.0
_NODE_REPORT = re.compile(
    r"hooks\.cjs:(?P<line>\d+)\n.*^SyntaxError: (?P<reason>[^\n]+)\n.*^Node\.js v", re.MULTILINE | re.DOTALL
)
"""A syntax error. Node before 17 ends its report without the version, and may refuse what browsers accept."""

_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """The file's text, with LF line ends, and the packages that it requires."""

    text: str = ""
    packages: frozenset[str] = frozenset()


def read_hooks(project: Project) -> Hooks:
    """Return a project's hooks; empty if the project has no such file.

    Raises: ProjectError naming file and line, as in `parse` and `check_syntax`.
    """
    path = project.root / FILE
    if not path.is_file():
        return Hooks()
    hooks = parse(documents.read_text(path))
    check_syntax(hooks.text)
    return hooks


def parse(text: str) -> Hooks:
    """Return hooks with the packages that they require; empty for a text of only comments.

    Raises: ProjectError naming file and line, if they require a package that is not shared, or use import or export.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    code = without_comments(text)
    if match := _MODULE_SYNTAX.search(code):
        raise ProjectError(
            f"{_place(code, match)}: {match['word']!r} is the syntax of ES modules, and this file is a CommonJS module",
            hint="write `const { dateTime } = require('@grafana/data')` and `exports.query = ...`",
        )
    if not code.strip():
        return Hooks()
    matches = list(_REQUIRE.finditer(code))
    for match in matches:
        if match["name"] not in SHARED:
            raise _refusal(_place(code, match), match["name"])
    return Hooks(text=text, packages=frozenset(match["name"] for match in matches))


def check_syntax(text: str) -> None:
    """Let Node check the syntax, if it is on the PATH.

    Raises: ProjectError naming file and line of a syntax error.
    """
    if (node := shutil.which("node")) is None:
        return
    with tempfile.TemporaryDirectory(prefix="gfplug-hooks-") as folder:
        path = Path(folder) / "hooks.cjs"  # the suffix makes the file CommonJS in spite of any package.json
        path.write_text(f"'use strict';{text}", encoding="utf-8", newline="\n")
        try:
            process.run([node, "--check", path], what=f"checking {FILE}", timeout=_NODE_SECONDS)
        except ToolError as error:
            if match := _NODE_REPORT.search(error.details):
                raise ProjectError(
                    f"{FILE}:{match['line']}: {match['reason']}", hint=f"`node --check {FILE}` shows the place"
                ) from error
            _log.debug("Node could not check %s: %s %s", FILE, error.message, error.details)


def _refusal(place: str, name: str) -> ProjectError:
    if name.startswith((".", "/")):
        return ProjectError(
            f"{place}: {name!r} is another file, but module.js contains only {FILE}",
            hint=f"move what you need of it into {FILE}",
        )
    return ProjectError(
        f"{place}: Grafana does not share the package {name!r} with plugins",
        hint=f"remove it, or copy what you need of it into {FILE}; Grafana shares {', '.join(sorted(SHARED))}",
    )


def _place(code: str, match: re.Match[str]) -> str:
    line = code.count("\n", 0, match.start()) + 1
    return f"{FILE}:{line}"


def without_comments(text: str) -> str:
    """Replace comments by their line ends; the slow search for block comments stops at the last `*/`."""
    end = f"{text}\n".find("\n", text.rfind("*/")) if "*/" in text else 0
    parts = ((_COMMENT, text[:end]), (_LINE_COMMENT, text[end:]))
    return "".join(pattern.sub(lambda comment: "\n" * comment[0].count("\n"), part) for pattern, part in parts)
