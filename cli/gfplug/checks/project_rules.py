"""The rules of a project: manifest, stubs, dependencies, and the requirements of a build."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from gfplug import __version__, files, sdk
from gfplug.bundle import dist
from gfplug.bundle.frontend import hooks, linker, npm
from gfplug.bundle.rules import manifest_rules, named_files
from gfplug.bundle.rules.finding import Finding, error, note, warning
from gfplug.checks import loading
from gfplug.errors import GfplugError
from gfplug.project import provenance, requirements
from gfplug.project.environment import package_lock
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gfplug.project.plugin_project import Project

_FLOOR = re.compile(r"^([A-Za-z0-9._-]++).*?>=\s*([0-9.]+)")


def check(project: Project, *, python: Path | None = None, is_static: bool = False) -> Iterator[Finding]:
    """Check a project before it is built; the interpreter `python` loads its code; with `is_static`, no code runs."""
    try:
        content, own = project.manifest.content, npm.locate_frontend(project)
    except GfplugError as failure:
        yield error("manifest-json", manifest_rules.FILE, failure.message, failure.hint)
        return
    if own is None or own.folder == project.root / "frontend":  # an adopted plugin's file has the rest
        yield from _manifest(project, content, has_own_build=own is not None)
    try:
        dist.check(project)
    except GfplugError as failure:
        yield error("build", manifest_rules.FILE, failure.message, failure.hint)
    for name in ("plugin.spec", "src/plugin/datasource.py", "src/plugin/__main__.py"):
        if not (project.root / name).is_file():
            yield error("project-file", name, "it is missing", "restore it from version control")
    if own is None:
        yield from _frontend(project)
    yield from loading.check(project, python, is_static=is_static)
    yield from _provisioning(project)
    yield from _lock(project)
    yield from _packages(project)


def _packages(project: Project) -> Iterator[Finding]:
    """Check that the lock of packages, if there is one, matches the requirements in pyproject.toml."""
    if not package_lock.path_of(project).is_file():
        return
    try:
        is_current = package_lock.packages(project) is not None
    except GfplugError as failure:
        yield error("package-lock", package_lock.NAME, failure.message, failure.hint)
        return
    if not is_current:
        message = "it does not match the requirements in pyproject.toml"
        yield error("package-lock", package_lock.NAME, message, "run `gfplug build` and commit it")


def _provisioning(project: Project) -> Iterator[Finding]:
    """Check that Grafana can read the provisioned files: it does not start with a broken file."""
    for path in files.walk(project.root / "provisioning"):
        name = path.relative_to(project.root).as_posix()
        try:
            if path.suffix in {".yaml", ".yml"}:
                documents.read_yaml(path)
            elif path.suffix == ".json":
                named_files.read_document(documents.read_bytes(path))
        except GfplugError as failure:
            yield error("provisioning", name, failure.message, failure.hint)
        except ValueError as failure:
            yield error("provisioning", name, f"it is not valid JSON: {failure}", "fix that line")


def _manifest(project: Project, content: dict[str, Any], *, has_own_build: bool) -> Iterator[Finding]:
    yield from manifest_rules.check(content, is_built=False)
    try:
        shipped = dist.shipped_files(project)
    except GfplugError as failure:
        yield error("build", "frontend", failure.message, failure.hint)
        return
    if has_own_build:
        shipped = {**_beside_sources(project.root / "frontend" / "src"), **shipped}
    readers = {name: partial(documents.read_bytes, path) for name, path in shipped.items()}
    findings = named_files.check(
        content, readers, manifest=manifest_rules.FILE, place="the bundle's files of frontend/"
    )
    for finding in findings:
        if finding.rule == "locales" and not has_own_build:
            hint = "remove languages: gfplug's editors read frontend/locales/de.json without it"
            yield error(finding.rule, finding.where, finding.message, hint)
        else:
            yield finding


def _beside_sources(source: Path) -> dict[str, Path]:
    """List the files that a frontend's build may put into the bundle: all files in the folders beside its sources."""
    folders = [folder for folder in source.glob("*") if folder.is_dir()]
    return {path.relative_to(source).as_posix(): path for folder in folders for path in files.walk(folder)}


def _frontend(project: Project) -> Iterator[Finding]:
    """Check the files that a build puts into module.js in addition to the schema."""
    try:
        hooks.read_hooks(project)
    except GfplugError as failure:
        yield error("hooks", hooks.FILE, failure.message, failure.hint)
    try:
        linker.read_locales(project.root / "frontend" / "locales")
    except GfplugError as failure:
        yield error("locales", "frontend/locales", failure.message, failure.hint)


def _lock(project: Project) -> Iterator[Finding]:
    try:
        lock, edited_files = project.lock, project.changed_owned()
    except GfplugError as failure:
        yield error("lock", "gfplug.lock", failure.message, failure.hint)
        return
    for path, what in edited_files.items():
        yield error(
            "owned", path, f"{what}: this folder belongs to gfplug", "restore it; your code belongs in src/plugin"
        )
    version = sdk.SdkVersion.parse(lock.sdk_version)
    if version < sdk.FLOOR:
        yield error("sdk-floor", "gfplug.lock", f"SDK {version} is older than the oldest supported, {sdk.FLOOR}")
    elif version < sdk.default():
        yield note(
            "sdk-newer",
            "gfplug.lock",
            f"SDK {version} is older than this gfplug's default, {sdk.default()}",
            "`gfplug proto diff`",
        )
    if lock.template_version != __version__:
        yield note(
            "runtime",
            "gfplug.lock",
            f"made by gfplug {lock.template_version}; this is gfplug {__version__}",
            "`gfplug upgrade`",
        )
    yield from _floors(project, dict(lock.floors))


def _floors(project: Project, floors: dict[str, str]) -> Iterator[Finding]:
    """Check that pyproject.toml requires packages that are new enough for the stubs."""
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
            "its dependencies lack gfruntime, which every plugin needs",
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
