"""The rules of a project: manifest, stubs, dependencies, and what a build needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gfplug import __version__, sdk
from gfplug.bundle import dist
from gfplug.bundle.frontend import hooks, linker, npm
from gfplug.bundle.rules import manifest_rules
from gfplug.bundle.rules.finding import Finding, error, note, warning
from gfplug.errors import GfplugError
from gfplug.project import provenance, requirements
from gfplug.project.environment import interpreters, ownership, venv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.project.plugin_project import Project

_SOURCE = "src/plugin/datasource.py"
_FLOOR = re.compile(r"^([A-Za-z0-9._-]+).*?>=\s*([0-9.]+)")


def check(project: Project) -> Iterator[Finding]:
    """Check a project before it is built."""
    try:
        content, own = project.manifest.content, npm.locate_frontend(project)
    except GfplugError as failure:
        yield error("manifest-json", manifest_rules.FILE, failure.message, failure.hint)
        return
    if own is None or own.folder == project.root / "frontend":  # else the plugin that was there before has the rest
        yield from _manifest(project, content)
    try:
        dist.check(project)
    except GfplugError as failure:
        yield error("build", manifest_rules.FILE, failure.message, failure.hint)
    for name in ("plugin.spec", "src/plugin/datasource.py", "src/plugin/__main__.py"):
        if not (project.root / name).is_file():
            yield error("project-file", name, "it is missing", "restore it from version control")
    if own is None:
        yield from _hooks(project)
        yield from _schema(project)
    yield from _lock(project)


def _manifest(project: Project, content: dict[str, Any]) -> Iterator[Finding]:
    yield from manifest_rules.check(content, is_built=False)
    for name in manifest_rules.named_files(content):
        if not (project.root / "frontend" / name).is_file():
            yield error("manifest-file", manifest_rules.FILE, f"it names {name}, which is not in frontend/")


def _hooks(project: Project) -> Iterator[Finding]:
    try:
        hooks.read_hooks(project)
    except GfplugError as failure:
        yield error("hooks", hooks.FILE, failure.message, failure.hint)


def _schema(project: Project) -> Iterator[Finding]:
    """Check that the dataclasses can become forms, with the project's own interpreter, where there is one."""
    python = venv.interpreter_of(project.root / ".venv")
    if not python.exists():
        yield note("schema", _SOURCE, "its dataclasses were not looked at: there is no .venv yet", "`gfplug build`")
        return
    if not ownership.is_own(project.root / ".venv"):
        why = "its dataclasses were not looked at: gfplug has not used this .venv, which may be a stranger's"
        yield note("schema", _SOURCE, why, "`gfplug build` uses it")
        return
    try:
        if missing := interpreters.probe(python, distributions=("gfruntime",)).missing:
            yield note("schema", _SOURCE, f"its dataclasses were not looked at: .venv lacks {', '.join(missing)}")
            return
        linker.read_schema(project, python)
    except GfplugError as failure:
        yield error("schema", _SOURCE, failure.message, failure.hint)


def _lock(project: Project) -> Iterator[Finding]:
    try:
        lock, changed = project.lock, project.changed_owned()
    except GfplugError as failure:
        yield error("lock", "gfplug.lock", failure.message, failure.hint)
        return
    for path, what in changed.items():
        yield error("owned", path, f"{what}: this folder is gfplug's", "restore it; your code belongs in src/plugin")
    version = sdk.SdkVersion.parse(lock.sdk_version)
    if version < sdk.FLOOR:
        yield error("sdk-floor", "gfplug.lock", f"SDK {version} is older than the oldest supported, {sdk.FLOOR}")
    elif version < sdk.default():
        yield note("sdk-newer", "gfplug.lock", f"SDK {version}; {sdk.default()} is known", "`gfplug proto diff`")
    if lock.template_version != __version__:
        yield note(
            "runtime",
            "gfplug.lock",
            f"made by gfplug {lock.template_version}, this is {__version__}",
            "`gfplug upgrade`",
        )
    yield from _floors(project, dict(lock.floors))


def _floors(project: Project, floors: dict[str, str]) -> Iterator[Finding]:
    """Check that pyproject.toml asks for packages new enough for the stubs."""
    try:
        lines = [str(line) for line in project.pyproject.get("dependencies", [])]
        asks_for_runtime = requirements.asks_for_runtime(lines)
    except (TypeError, GfplugError) as failure:
        yield error("pyproject", "pyproject.toml", f"it cannot be read: {failure}")
        return
    if not asks_for_runtime:
        yield error(
            "runtime-missing",
            "pyproject.toml",
            "its dependencies lack gfruntime, which the plugin runs on",
            f'add "{provenance.detect().runtime}"',
        )
    bounds = {match[1].lower(): match[2] for line in lines if (match := _FLOOR.match(line))}
    for name, floor in sorted(floors.items()):
        if name not in bounds:
            yield warning("stub-floor", "pyproject.toml", f"{name} has no lower bound; the stubs need {floor} or newer")
        elif _numbers(bounds[name]) < _numbers(floor):
            yield error("stub-floor", "pyproject.toml", f"{name}>={bounds[name]}, but the stubs need {floor} or newer")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
