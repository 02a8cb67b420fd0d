"""`gfplug build` as a service: a project becomes a bundle that was started once, and an archive of it."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from gfplug import frontend, process
from gfplug.bundling import bundle, environment, freeze, libc, package, workspace
from gfplug.errors import GfplugError, ToolError
from gfplug.stages import Stages

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.bundling.bundle import Bundle
    from gfplug.host import Smoke
    from gfplug.project import Project

_MISSING = re.compile(r"No module named '([\w.]+)'")
_SMOKE_SECONDS = 60.0
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What a build made, and what it measured on the way.

    Units: sizes are bytes; `handshake_ms` and `first_answer_ms` count from the start of the process; `stages` maps a
    stage to seconds. `glibc_floor` is None where nothing asks for glibc.
    """

    archive: Path
    sha256: str
    archive_bytes: int
    bundle_bytes: int
    files: int
    executable: Path
    glibc_floor: str | None
    handshake_ms: float
    first_answer_ms: float
    stages: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the result as `gfplug build --json` prints it."""
        return {**asdict(self), "archive": str(self.archive), "executable": str(self.executable)}


def build(project: Project, *, python: Path | None = None) -> BuildResult:
    """Build a project: environment, frontend, freeze, bundle, smoke start, archive; the last step puts all in place.

    Whatever fails or interrupts it, the bundle and the archives that were there before stay as they were.
    Raises: ProjectError, ToolError or UsageError, before anything of the project changes.
    """
    stages = Stages()
    project.require_whole()
    manifest, seconds = bundle.check(project), package.epoch()
    artifacts = project.root / "artifacts"
    with workspace.opened(artifacts) as opened:
        aside = opened / "old"
        bundle.recover(project.dist, aside=aside)
        folder = workspace.emptied(opened)
        interpreter = environment.ensure(project, python=python, stages=stages)
        with stages.stage("frontend", doing="Linking module.js", done="Linked module.js"):
            module = _link(project, interpreter)
        with stages.stage("freeze", doing="Freezing with PyInstaller", done="Froze the plugin"):
            frozen = freeze.freeze(project, python=interpreter, workspace=folder, epoch=seconds)
        with stages.stage("bundle", doing="Putting the bundle together", done="Put the bundle together"):
            made = bundle.assemble(project, frozen, folder / "dist", module=module, day=day_of(project))
            floor = libc.floor(made.folder)
        if floor:
            _log.info("Needs glibc %s or newer, because of %s", floor, floor.path)
        with stages.stage("smoke", doing="Starting the plugin", done="Started the plugin: health and a query answered"):
            smoke = _smoke(project, made, interpreter)
        archive = artifacts / f"{manifest.id}-{project.version}.{frozen.platform}.zip"
        with stages.stage("archive", doing="Packing the archive", done=f"Packed {archive.name}"):
            digest = package.pack(made.folder, folder / archive.name, seconds=seconds)
        installed = bundle.install(made, project.dist, aside=aside)
        for path in (package.digest_path(archive), archive):
            (folder / path.name).replace(path)
    return BuildResult(
        archive=archive,
        sha256=digest,
        archive_bytes=archive.stat().st_size,
        bundle_bytes=installed.size(),
        files=len(installed.files()),
        executable=installed.executable,
        glibc_floor=str(floor) if floor else None,
        handshake_ms=smoke.handshake_ms,
        first_answer_ms=smoke.first_answer_ms,
        stages=stages.seconds,
    )


def day_of(project: Project) -> date:
    """Return the date a bundle shows: that of SOURCE_DATE_EPOCH, else of the project's last commit, else today."""
    if (seconds := package.epoch()) != package.EPOCH:
        return datetime.fromtimestamp(seconds, UTC).date()
    try:
        said = process.run(["git", "log", "-1", "--format=%ct", "--", "."], cwd=project.root, timeout=10.0)
    except ToolError:  # no git, or no repository
        said = ""
    return datetime.fromtimestamp(int(said), UTC).date() if said.strip().isdigit() else datetime.now(UTC).date()


def _link(project: Project, interpreter: Path) -> str:
    try:
        return frontend.module(project, frontend.schema(project, interpreter))
    except GfplugError as error:
        if missing := _MISSING.search(f"{error.message}\n{error.details}"):
            error.hint = f"add the package that has {missing[1]} to the dependencies in pyproject.toml"
        raise


def _smoke(project: Project, made: Bundle, interpreter: Path) -> Smoke:
    """Start what was built as Grafana does; it must load, and answer health and a query.

    Raises: ToolError with the plugin's own words; a module that PyInstaller did not see is named, with its remedy.
    """
    from gfplug import host  # noqa: PLC0415 - grpc and pyarrow, which only this stage needs

    target = host.Target(
        command=(str(made.executable),),
        cwd=made.folder,
        plugin_id=project.manifest.id,
        plugin_version=project.version,
        proto=project.proto.read_bytes(),
    )
    try:
        return host.smoke(target, timeout=_SMOKE_SECONDS)
    except ToolError as error:
        missing = _MISSING.search(f"{error.message}\n{error.details}")
        if not missing or environment.probe(interpreter, modules=[missing[1]]).missing:
            raise
        raise ToolError(
            f"the bundle lacks the module {missing[1]}, which PyInstaller did not see your code import",
            hint=f'add "{missing[1]}" to HIDDEN_IMPORTS in plugin.spec',
            details=error.details or error.message,
        ) from error
