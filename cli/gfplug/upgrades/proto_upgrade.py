"""Move a project to another SDK version: its proto, its stubs and its floors, all at once or not at all.

First the changes for this project are determined, then tested: the project's tests run in a copy with the new
stubs. The project is changed only if the tests pass, so a failure leaves nothing to undo.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import files, process, sdk, usage
from gfplug.edits import backup, journal, trees
from gfplug.edits.trees import Edit, TreeFile
from gfplug.errors import CompatError, IntegrityError, ProjectError
from gfplug.project import lock, requirements
from gfplug.project.environment import interpreters, venv
from gfplug.sdk import compat, stubs
from gfplug.sdk import verify as verification
from gfplug.sdk.compat import Level
from gfplug.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.project.plugin_project import Project
    from gfplug.sdk import ProtoSet, SdkVersion
    from gfplug.sdk.compat import Change
    from gfplug.sdk.stubs import Stubs

SEARCHED = ("src/plugin", "tests")
"""The folders whose code is searched for changed names; the runtime supports every version."""

_STUBS = "src/pluginv2/"
_PYPROJECT = "pyproject.toml"
_NOT_COPIED = {".git", ".venv", "node_modules", "dist", "artifacts", "build"}
_TEST_SECONDS = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtoUpgradeRequest:
    """The options of a proto upgrade: the version, the source of its proto, and which checks to run.

    Shape: `python` runs the tests instead of the project's `.venv`; `force` continues although the author's code uses
    removed names, or stubs were edited; edited stubs are backed up.
    """

    version: SdkVersion
    source: Path | None = None
    offline: bool = False
    with_tests: bool = True
    python: Path | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """The changes of a proto upgrade; `uses` maps a changed name to its places in the project's code."""

    before: str
    after: str
    is_back: bool
    source: str
    changes: tuple[Change, ...]
    uses: Mapping[str, list[str]]
    edits: Mapping[str, Edit]
    tests: str = "not run"
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """Map each file that changes to `added`, `changed` or `deleted`."""
        return {path: edit.kind for path, edit in sorted(self.edits.items())}

    def to_json(self) -> dict[str, Any]:
        """Return the upgrade as `--json` prints it."""
        changes = [
            {**change.to_json(), **({"used": self.uses[change.name]} if change.name in self.uses else {})}
            for change in self.changes
        ]
        facts = {"from": self.before, "to": self.after, "source": self.source, "tests": self.tests}
        return {**facts, "changes": changes, "files": self.files, "stages": dict(self.seconds)}


def upgrade(project: Project, request: ProtoUpgradeRequest, *, stages: Stages | None = None) -> Upgrade:
    """Move a project to another SDK version.

    Raises: like `plan`; ToolError, with their last lines, if the project's tests fail with the new stubs. After any
    failure the project is unchanged.
    """
    stages = stages or Stages()
    with journal.lock_project(project.root):
        result = plan(project, request, stages=stages)
        tests = _rehearse(project, result, request, stages) if result.edits else "not needed"
        journal.apply(project.root, result.edits)
    return replace(result, tests=tests, seconds=stages.seconds)


def plan(project: Project, request: ProtoUpgradeRequest, *, stages: Stages | None = None) -> Upgrade:
    """Determine the changes of moving a project to another SDK version.

    Raises: FetchError, IntegrityError or CompatError if the proto is not available, not trusted or not usable;
    CompatError if the author's code uses names that the new version lacks; ProjectError if the stubs were edited, or as
    in `Project.require_library`.
    """
    project.require_library()
    stages, old = stages or Stages(), project.lock
    edited = _list_edited(project, force=request.force)
    with stages.stage("fetch", doing=f"Fetching SDK {request.version}", done=f"Fetched SDK {request.version}"):
        protos = sdk.fetch(request.version, source=request.source, offline=request.offline)
    with stages.stage("stubs", doing="Generating pluginv2", done=f"Generated pluginv2 from {protos.version}"):
        new_stubs = stubs.generate(protos)
    _require_locked(old, protos, new_stubs)
    with stages.stage("compare", doing="Comparing", done=f"Compared {old.sdk_version} with {protos.version}"):
        changes: list[Change] = []
        if new_stubs.descriptor != old.descriptor:
            changes = compat.compare(stubs.describe(verification.read_project_proto(project)), stubs.describe(protos))
    uses = usage.find_uses(project.root, SEARCHED, {change.name for change in changes})
    if not request.force:
        _require_unused(changes, uses, request.version)
    return Upgrade(
        before=old.sdk_version,
        after=str(protos.version),
        is_back=protos.version < sdk.SdkVersion.parse(old.sdk_version),
        source=protos.source,
        changes=tuple(changes),
        uses=uses,
        edits={**_edits(project, protos, new_stubs), **backup.copies(project.root, edited)},
    )


def _list_edited(project: Project, *, force: bool) -> list[str]:
    """List the edited stubs."""
    edited_files = {path: kind for path, kind in project.changed_owned().items() if path.startswith(_STUBS)}
    if edited_files and not force:
        names = ", ".join(f"{path} ({kind})" for path, kind in edited_files.items())
        raise ProjectError(
            f"generated files differ from {lock.LOCK_NAME}: {names}",
            hint="restore them from version control, or use --force, which keeps a copy",
        )
    return [path for path, kind in edited_files.items() if kind != "deleted"]


def _require_locked(old: lock.Lock, protos: ProtoSet, new_stubs: Stubs) -> None:
    """Refuse a release whose descriptor differs from the descriptor in the lock: its tag was moved."""
    if str(protos.version) == old.sdk_version and new_stubs.descriptor != old.descriptor:
        raise IntegrityError(
            f"SDK {protos.version} from {protos.source} compiles to {new_stubs.descriptor}, "
            f"but {lock.LOCK_NAME} has {old.descriptor}",
            hint="the release was changed, or the source is wrong; nothing was changed",
        )


def _require_unused(changes: list[Change], uses: Mapping[str, list[str]], version: SdkVersion) -> None:
    breaking = [change for change in changes if change.level in {Level.WIRE, Level.SOURCE}]
    broken = [change for change in breaking if uses.get(change.name)]
    if broken:
        lines = "\n".join(f"{change.message}: {', '.join(uses[change.name])}" for change in broken)
        raise CompatError(
            f"your code uses {len(broken)} names that SDK {version} changes or lacks",
            hint="change the code first, or use --force",
            details=lines,
        )


def _edits(project: Project, protos: ProtoSet, new_stubs: Stubs) -> dict[str, Edit]:
    """Return the edits of the stubs, the floors and the lock."""
    new = {f"src/{path}": TreeFile(content) for path, content in new_stubs.files.items()}
    others = {path: digest for path, digest in project.owned_digests().items() if not path.startswith(_STUBS)}
    unchanged = {path: project.lock.owned.get(path, digest) for path, digest in others.items()}
    new_lock = replace(
        project.lock,
        sdk_version=str(protos.version),
        sdk_commit=protos.commit,
        source=protos.source,
        proto_sha256=protos.sha256,
        descriptor=new_stubs.descriptor,
        tools=new_stubs.tools,
        floors=new_stubs.floors,
        owned={**unchanged, **{path: files.sha256(entry.content) for path, entry in new.items()}},
    )
    old_stubs = [path for path in project.owned_digests() if path.startswith(_STUBS)]
    new |= {lock.LOCK_NAME: TreeFile(lock.encode(new_lock)), _PYPROJECT: _raise_floors(project, new_stubs)}
    old = trees.read(project.root, [*old_stubs, *new])
    return trees.compare(old, new)


def _raise_floors(project: Project, new_stubs: Stubs) -> TreeFile:
    """Return pyproject.toml with the stubs' floors; line ends are kept."""
    try:
        entry = trees.entry_of(project.root / _PYPROJECT)
        return trees.edit_text(entry, lambda text: requirements.raise_floors(text, new_stubs.floors))
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{project.root / _PYPROJECT} cannot be read: {error}") from error


def _rehearse(project: Project, result: Upgrade, request: ProtoUpgradeRequest, stages: Stages) -> str:
    """Run the project's tests in a copy that is already upgraded, and describe the result."""
    if not request.with_tests:
        return "not run: --no-tests"
    if not (project.root / "tests").is_dir():
        return "not run: the project has none"
    python = request.python or venv.interpreter_of(project.root / ".venv")
    if not python.exists():
        return "not run: the project has no .venv yet (gfplug build makes one)"
    if interpreters.probe(python, modules=["pytest"]).missing:
        return f"not run: pytest is not installed in the environment of {python} (pip install -e '.[dev]')"
    with (
        stages.stage("tests", doing="Running the project's tests", done="The project's tests pass"),
        tempfile.TemporaryDirectory(prefix="gfplug-rehearsal-") as name,
    ):
        copy = Path(name) / "project"
        shutil.copytree(project.root, copy, ignore=partial(_leave_out, project.root), symlinks=True)
        journal.apply(copy, result.edits)
        process.run(
            [python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            cwd=copy,
            env={**interpreters.clean_environment(), "PYTHONPATH": str(copy / "src")},
            what="the project's tests, with the new stubs,",
            hint="nothing was changed; see the lines above, or use --no-tests",
            timeout=_TEST_SECONDS,
        )
    return "passed"


def _leave_out(root: Path, folder: str, names: list[str]) -> set[str]:
    """Return the top-level folders to leave out of the copy: build results and environments."""
    return _NOT_COPIED.intersection(names) if Path(folder) == root else set()
