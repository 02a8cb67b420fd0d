"""Load the data source as a build does; check that it imports, gives a form, and accepts the provisioned values.

Only an interpreter that gfplug has used before is run (see `project.environment.ownership`). Checks that need no
interpreter run in any case.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gfplug.bundle.frontend import hook_fields, hooks, linker, npm
from gfplug.bundle.rules.finding import Finding, error, note
from gfplug.checks import declared_imports, provisioned, translations
from gfplug.checks.migrations import Migrator
from gfplug.errors import GfplugError
from gfplug.project.environment import interpreters, ownership, venv
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gfplug.project.plugin_project import Project

_SOURCE = "src/plugin/datasource.py"
_HOW_TO_CHECK = "`gfplug build` and `gfplug check --python PYTHON` check them"
_UNLOADED = re.compile(r"\S+ cannot be loaded: (?P<reason>.*)", re.DOTALL)
_PLACE = re.compile(r"^at (?P<file>.+?), line (?P<line>\d+)(?:, in .*)?$", re.MULTILINE)
_ABSENT = re.compile(r"ModuleNotFoundError: No module named '(?P<module>\w+)")


def check(project: Project, interpreter: Path | None, *, is_static: bool) -> Iterator[Finding]:
    """Load the data source with the project's interpreter, or that of `--python`; check the values that it reads."""
    try:
        python = venv.locate(interpreter) if interpreter else venv.interpreter_of(project.root / ".venv")
        reason = "--static" if is_static else "" if interpreter else _unusable(project, python)
        yield from declared_imports.check(project, None if reason else python)
        if reason:
            yield note("schema", _SOURCE, f"its dataclasses were not checked: {reason}", _HOW_TO_CHECK)
        else:
            yield from _load(project, python)
    except GfplugError as failure:
        yield error("schema", _SOURCE, failure.message, failure.hint)


def _load(project: Project, python: Path) -> Iterator[Finding]:
    has_own_frontend = npm.locate_frontend(project) is not None
    try:
        schema = linker.read_keys(project, python) if has_own_frontend else linker.read_schema(project, python)
    except GfplugError as failure:
        if (unloaded := _UNLOADED.match(failure.message)) is not None:
            yield _failure(project, unloaded["reason"], failure.details)
        elif "unrecognized arguments" not in failure.message:  # an older runtime, which has no option --keys
            raise
        return
    if not has_own_frontend:
        yield from _browser(project, schema)
    for finding in provisioned.check(Migrator(project=project, schema=schema, python=python)):
        is_maybe_read = has_own_frontend and finding.rule.startswith("unknown-")  # in the browser
        yield replace(finding, level="warning") if is_maybe_read else finding


def _browser(project: Project, schema: dict[str, Any]) -> Iterator[Finding]:
    """Compare the project's hooks and translations with the forms."""
    try:
        hook_fields.check(hooks.read_hooks(project).text, schema)
    except GfplugError as failure:
        yield error("hooks", hooks.FILE, failure.message, failure.hint)
    with contextlib.suppress(GfplugError):  # `project_rules` reports an unreadable file
        yield from translations.check(project, schema)


def _failure(project: Project, reason: str, details: str) -> Finding:
    """Describe why the author's module does not load, and where."""
    places = _PLACE.findall(details)
    absent = _ABSENT.match(reason)
    name = absent["module"] if absent else ""
    hint = f"add the package of {name} to the dependencies in pyproject.toml, and `gfplug build`" if name else ""
    if not places:
        return error("load", _SOURCE, reason, hint or f"fix {_SOURCE}")
    file, line = places[-1]
    path = project.source / file  # an absolute path stays absolute
    path_text = path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else file
    text = _line(path, int(line))
    return error(
        "load", f"{path_text}, line {line}", f"`{text}`: {reason}" if text else reason, hint or "fix that line"
    )


def _line(path: Path, number: int) -> str:
    """Return one line of a file; empty if it does not exist."""
    try:
        return documents.read_text(path).splitlines()[number - 1].strip()
    except (GfplugError, OSError, IndexError):
        return ""


def _unusable(project: Project, python: Path) -> str:
    """Return why a check does not run the project's interpreter; empty if the check runs it."""
    if not python.exists():
        return "there is no .venv yet"
    if not ownership.is_own(project.root / ".venv"):
        return "gfplug has not used this .venv before, so its code is not run"
    missing = interpreters.probe(python, distributions=("gfruntime",)).missing
    return f".venv lacks {', '.join(missing)}" if missing else ""
