"""`gfplug build` as a service: build a project's bundle, start it once, and pack it into an archive."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from gfplug.bundle import (
    build_info,
    dependencies,
    dist,
    exchange,
    freeze,
    libc,
    packing,
    portable,
    reuse,
    slim,
    workspace,
)
from gfplug.bundle.components import inventory, native, thirdparty
from gfplug.bundle.frontend import linker, npm
from gfplug.errors import GfplugError, IntegrityError, ToolError, UsageError
from gfplug.project.environment import interpreters, venv
from gfplug.stages import Stages
from gfplug.untrusted import paths, repository

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.bundle.components.inventory import Inventory
    from gfplug.bundle.dist import Bundle
    from gfplug.bundle.freeze import Frozen
    from gfplug.host.smoke import Smoke
    from gfplug.project.plugin_project import Project

_MISSING_MODULE = re.compile(r"No module named '(?!(?:plugin|gfruntime|pluginv2)\b)([\w.]+)'")
"""A module of another package is missing."""
_SMOKE_SECONDS = 60.0
_CLOSED_ADDRESS = "http://127.0.0.1:9"  # nothing listens there, so a build sends no requests to the plugin's API
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """The results of a build, and its measurements.

    Units: sizes are bytes; `handshake_ms` and `first_answer_ms` count from the start of the process; `stages` maps a
    stage to seconds. `glibc_floor` is None if no file needs glibc, a size `before` is None without an earlier build.
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
    archive_bytes_before: int | None = None
    bundle_bytes_before: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the result as `gfplug build --json` prints it."""
        return {**asdict(self), "archive": str(self.archive), "executable": str(self.executable)}

    def to_record(self, root: Path) -> dict[str, Any]:
        """Return the result for a later build: with paths relative to the project's root, which may be moved."""
        places = {"archive": self.archive, "executable": self.executable}
        own = asdict(replace(self, archive_bytes_before=None, bundle_bytes_before=None))
        return {**own, **{key: place.relative_to(root).as_posix() for key, place in places.items()}}

    @classmethod
    def from_record(cls, value: dict[str, Any], root: Path) -> BuildResult:
        """Read the stored result of an earlier build.

        Raises: IntegrityError if one of its paths leaves the project; TypeError or KeyError if it is invalid.
        """
        source, keys = "artifacts/.cache/result.json", ("archive", "executable")
        return cls(**{**value, **{key: root / paths.require_inside(value[key], source=source) for key in keys}})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """The options of a build.

    `libc` is one of `portable.MODES`; `max_glibc` is the newest glibc that the bundle may need; `clean` ignores the
    results of earlier builds.
    """

    python: Path | None = None
    libc: str = "system"
    max_glibc: str = ""
    clean: bool = False

    def check(self) -> None:
        """Raise UsageError for an unknown mode, an invalid glibc version, or options that exclude each other."""
        if self.libc not in portable.MODES:
            raise UsageError(f"--libc must be {' or '.join(portable.MODES)}, got {self.libc}")
        if self.max_glibc and self.libc == "bundled":
            raise UsageError("--max-glibc has no effect on a bundle with its own libc", hint="omit one of them")
        if self.max_glibc:
            libc.parse(self.max_glibc)


def build(project: Project, options: BuildOptions | None = None) -> BuildResult:
    """Build a project: environment, frontend, freeze, bundle, smoke test, archive; then move the results into place.

    Results of an earlier build are reused if their inputs have not changed. If the build fails or is interrupted, the
    previous bundle and archives stay unchanged.
    Raises: ProjectError, ToolError or UsageError, before any file of the project changes.
    """
    options = options or BuildOptions()
    options.check()
    project.require_unedited()
    dist.check(project)
    with workspace.open_folder(project.root / "artifacts") as scratch:
        exchange.recover(project.dist, aside=scratch / "old")
        return _Build(project, options, scratch).run()


class _Build:
    """One build; the methods follow the order of the stages."""

    def __init__(self, project: Project, options: BuildOptions, scratch: Path) -> None:
        self.project, self.options = project, options
        self.artifacts, self.aside, self.cache = scratch.parent, scratch / "old", scratch.parent / ".cache"
        self.folder = workspace.make_empty(scratch)
        self.seconds, self.day, self.stages = packing.epoch(), day_of(project), Stages()
        self.info = build_info.build_info(project.root)

    def run(self) -> BuildResult:
        python = venv.ensure(self.project, python=self.options.python, stages=self.stages)
        with self.stages.stage("compare", doing="Looking for changes", done="Looked for changes"):
            digests, packages = reuse.input_digests(self.project), inventory.read_inventory(python)
            freeze_options = {"epoch": self.seconds, "python": str(python)}
            bundle_options = {"libc": self.options.libc, "day": self.day.isoformat(), "glibc": self.options.max_glibc}
            bundle_options["build"] = str(sorted(self.info.items()))
            bundle_options["frontend"] = npm.state(npm.locate_frontend(self.project))
            key = reuse.result_key(digests, packages, {**freeze_options, **bundle_options})
            before = None if self.options.clean else self._recall(key)
        if before:
            _log.info("Nothing has changed since the last build")
            return replace(before, stages=self.stages.seconds)
        with self.stages.stage("frontend", doing="Linking module.js", done="Linked module.js"):
            browser = _browser(self.project, python)
        frozen, packages = self._freeze_or_reuse(
            python, reuse.frozen_key(self.project, digests, packages, freeze_options)
        )
        dependencies.compare(self.project, packages)
        bundle, floor = self._bundle(frozen, packages, browser)
        with self.stages.stage(
            "smoke",
            doing="Starting the plugin",
            done="Started the plugin without settings: it answered a health check and a query",
        ):
            smoke = _smoke(self.project, bundle, python)
        return self._finish(bundle, floor, smoke, key, frozen.platform)

    def _recall(self, key: str) -> BuildResult | None:
        record = reuse.load_result(self.cache, key, root=self.project.root)
        try:
            return BuildResult.from_record(record, self.project.root) if record else None
        except (AttributeError, KeyError, TypeError, IntegrityError):  # the file was edited
            return None

    def _freeze_or_reuse(self, python: Path, key: str) -> tuple[Frozen, Inventory]:
        """Return a frozen plugin with the author's current code: the cached one, or a new one."""
        cached = None if self.options.clean else reuse.copy_frozen(self.cache, key, self.folder / "kept")
        if cached:
            with self.stages.stage(
                "code", doing="Compiling your code", done="Compiled your code into the frozen plugin"
            ):
                freeze.compile_code(self.project, cached[0], python=python)
            return cached
        with self.stages.stage("freeze", doing="Freezing with PyInstaller", done="Froze the plugin"):
            frozen = freeze.freeze(self.project, python=python, workspace=self.folder, epoch=self.seconds)
            collected = inventory.read_collected(self.folder / "work")
            packages = inventory.read_inventory(python, collected=collected, note=self.folder / "collected.json")
        with self.stages.stage("slim", doing="Removing unused files", done="Removed unused files"):
            slim.slim(frozen.folder, executable=frozen.executable)
            portable.set_library_path(frozen.folder / frozen.executable, frozen.platform)
            if freeze.compile_code(self.project, frozen, python=python):
                reuse.store_frozen(self.cache, key, frozen, packages)
        return frozen, packages

    def _bundle(
        self, frozen: Frozen, packages: Inventory, browser: dict[str, bytes]
    ) -> tuple[Bundle, libc.Floor | None]:
        with self.stages.stage("bundle", doing="Assembling the bundle", done="Assembled the bundle"):
            bundle = dist.assemble(
                self.project, frozen, self.folder / "dist", browser=browser, day=self.day, build=self.info
            )
            floor, libraries = libc.floor(bundle.folder), {}
            if self.options.libc == "bundled":
                floor, libraries = None, portable.add_libc(bundle, frozen.platform)
            more = native.identify(libraries)
            thirdparty.write(self.project, packages, bundle, frozen.platform, seconds=self.seconds, more=more)
        if floor:
            _log.info("Needs glibc %s or newer, because of %s", floor, floor.path)
        if self.options.max_glibc:
            libc.enforce(bundle.folder, self.options.max_glibc)
        return bundle, floor

    def _finish(self, bundle: Bundle, floor: libc.Floor | None, smoke: Smoke, key: str, platform: str) -> BuildResult:
        archive = self.artifacts / f"{self.project.manifest.id}-{self.project.version}.{platform}.zip"
        with self.stages.stage("archive", doing="Packing the archive", done=f"Packed {archive.name}"):
            packed = self.folder / archive.name
            digest = packing.pack(bundle.folder, packed, seconds=self.seconds, previous=archive)
        installed = exchange.install(bundle, self.project.dist, aside=self.aside)
        for path in (packing.digest_path(archive), archive):
            (self.folder / path.name).replace(path)
        result = BuildResult(
            archive=archive,
            sha256=digest,
            archive_bytes=archive.stat().st_size,
            bundle_bytes=installed.size(),
            files=len(installed.files()),
            executable=installed.executable,
            glibc_floor=str(floor) if floor else None,
            handshake_ms=smoke.handshake_ms,
            first_answer_ms=smoke.first_answer_ms,
            stages=self.stages.seconds,
            archive_bytes_before=reuse.last_size(self.cache, "archive_bytes"),
            bundle_bytes_before=reuse.last_size(self.cache, "bundle_bytes"),
        )
        outputs = [self.project.dist, archive, packing.digest_path(archive)]
        reuse.store_result(self.cache, key, result.to_record(self.project.root), outputs, root=self.project.root)
        return result


def day_of(project: Project) -> date:
    """Return the date of a bundle: SOURCE_DATE_EPOCH, else the project's last commit, else today."""
    if (seconds := packing.epoch()) != packing.EPOCH:
        return datetime.fromtimestamp(seconds, UTC).date()
    committed = repository.date_of(project.root)
    has_commits = any((folder / ".git").exists() for folder in (project.root, *project.root.absolute().parents))
    if has_commits and not repository.is_installed():
        _log.warning("git is not installed: the bundle has today's date instead of the last commit's")
    return (datetime.now(UTC) if committed is None else datetime.fromtimestamp(committed, UTC)).date()


def _browser(project: Project, interpreter: Path) -> dict[str, bytes]:
    try:
        return linker.build_frontend(project, interpreter)
    except GfplugError as error:
        if missing := _MISSING_MODULE.search(f"{error.message}\n{error.details}"):
            error.hint = f"add the package that has {missing[1]} to the dependencies in pyproject.toml"
        raise


def _smoke(project: Project, bundle: Bundle, interpreter: Path) -> Smoke:
    """Start the built plugin as Grafana does; it must load, and answer health and a query.

    Raises: ToolError with the plugin's message; if PyInstaller missed a module, with the module's name and the remedy.
    """
    from gfplug.host.smoke import smoke  # noqa: PLC0415 - grpc and pyarrow, which only this stage needs
    from gfplug.host.target import Target  # noqa: PLC0415 - grpc and pyarrow, which only this stage needs

    target = Target(
        command=(str(bundle.executable),),
        cwd=bundle.folder,
        plugin_id=project.manifest.id,
        plugin_version=project.version,
        proto=project.read_proto(),
    )
    try:
        has_api = (project.source / "upstream").is_dir()
        return smoke(target, {"url": _CLOSED_ADDRESS} if has_api else None, timeout=_SMOKE_SECONDS)
    except ToolError as error:
        missing = _MISSING_MODULE.search(f"{error.message}\n{error.details}")
        if not missing or interpreters.probe(interpreter, modules=[missing[1]]).missing:
            raise
        raise ToolError(
            f"the bundle lacks the module {missing[1]}, because PyInstaller did not find the import in your code",
            hint=f'add "{missing[1]}" to HIDDEN_IMPORTS in plugin.spec',
            details=error.details or error.message,
        ) from error
