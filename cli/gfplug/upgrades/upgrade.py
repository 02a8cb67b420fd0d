"""Bring a project to this gfplug's template and runtime, without losing an edit of its author.

The user's files are merged three ways, the owned folders are replaced completely, and all changes are applied at once
or not at all. `src/plugin/`, `tests/` and `frontend/src/`, the author's code and its tests, are written only once.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import __version__, files
from gfplug.edits import backup, difference, journal, trees
from gfplug.edits.trees import Edit, TreeFile
from gfplug.errors import ConflictError, IntegrityError, ProjectError
from gfplug.project import lock, provenance, requirements
from gfplug.project.plugin_project import FORMER_FOLDERS, OWNED_FOLDERS
from gfplug.scaffold import template
from gfplug.scaffold.react.sources import FOLDER as REACT_SOURCES
from gfplug.sdk import stubs, verify
from gfplug.stages import Stages
from gfplug.untrusted import documents, paths, repository
from gfplug.upgrades import api_description, candidates, former, origin, react_editors, three_way
from gfplug.upgrades.rewrites import Rewrites

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gfplug.project.plugin_project import Project
    from gfplug.scaffold.openapi.stored_model import StoredModel
    from gfplug.upgrades.three_way import Conflict, MergeResult

WRITTEN_ONCE = ("src/plugin/", "tests/", REACT_SOURCES)
"""Files that are written once; an upgrade never changes them."""

_OWNED = tuple(f"{folder}/" for folder in (*OWNED_FOLDERS, *FORMER_FOLDERS))
_STUBS = "src/pluginv2/"
_MOST_ORIGINALS = 20  # each needs a search in the project's history
_STORED_FILES = (template.ANSWERS_NAME, template.BASE_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRequest:
    """The options of an upgrade: `answers` replace stored ones; `force` replaces edited owned files, after a backup.

    `names` maps names in the author's files to new ones: a plugin's old id to its new one. `schema` is the schema of
    the dataclasses, if React editors must be written from them. `upstream` is the result of a new description of the
    project's API.
    """

    answers: Mapping[str, str]
    schema: Mapping[str, Any] | None = None
    upstream: StoredModel | None = None
    force: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The changes of an upgrade, before they are applied."""

    before: str
    after: str
    edits: Mapping[str, Edit]
    conflicts: tuple[Conflict, ...]
    notes: tuple[str, ...]

    @property
    def changes(self) -> dict[str, str]:
        """Map each file that changes to `added`, `changed`, `deleted` or `conflict`."""
        conflicted = {conflict.path for conflict in self.conflicts}
        return {
            path: "conflict" if path in conflicted else edit.kind
            for path, edit in sorted(self.edits.items())
            if not path.startswith(".gfplug/")
        }


def upgrade(project: Project, request: UpgradeRequest, *, stages: Stages | None = None) -> Plan:
    """Upgrade a project; running it again changes nothing.

    Raises: like `plan`; ProjectError if a file can't be written. After an error the project is unchanged.
    """
    with journal.lock_project(project.root):
        result = plan(project, request, stages=stages)
        journal.apply(project.root, result.edits)
    return result


def plan(project: Project, request: UpgradeRequest, *, stages: Stages | None = None) -> Plan:
    """Determine the changes of an upgrade.

    Raises: ProjectError if an owned file was edited (with the difference), the project needs a newer gfplug, or its
    stored upgrade data is missing; ConflictError if an earlier upgrade left something to resolve; ToolError if the
    template can't be rendered or git fails.
    """
    stages, before = stages or Stages(), project.lock
    answers = origin.answers(project.root, before.template_version, overrides=request.answers)
    answers = replace(answers, gfplug=provenance.renew(answers.gfplug))
    with (
        stages.stage("template", doing="Rendering the template", done=f"Rendered the template of gfplug {__version__}"),
        tempfile.TemporaryDirectory(prefix="gfplug-upgrade-") as name,
    ):
        upstream = api_description.write(project, request.upstream)
        template.render(answers, Path(name), api=upstream.data)
        files.write_tree(Path(name), upstream.files)
        fresh, after = _render(project, Path(name), answers)
    owned = _replace_owned(project, fresh, force=request.force)
    with stages.stage("merge", doing="Merging", done="Merged"):
        sources = {before.gfplug: after.gfplug} if provenance.is_plain(before.gfplug) else {}
        merged, base, yours = _merge(project, fresh, request, sources)
    backed_up = _edited_without_a_copy(project, base, yours, merged) + [
        path for path, kind in project.changed_owned().items() if kind != "deleted"
    ]
    backups = backup.copies(project.root, backed_up)
    editors = react_editors.write(project.root, request.schema, deleted=merged.deletes)
    edits = {
        **_rename_elsewhere(project, request.names, yours),
        **{path: Edit(yours.get(path), entry) for path, entry in merged.writes.items()},
        **{path: Edit(yours[path], None) for path in merged.deletes},
        **owned,
        **_update_records(project, fresh, after),
        **editors.edits,
        **backups,
    }
    return Plan(
        before=before.template_version,
        after=__version__,
        edits=edits,
        conflicts=merged.conflicts,
        notes=(
            *merged.notes,
            *editors.notes,
            *(
                f"{path}: you have a link there: left unchanged"
                for path in sorted(fresh)
                if not path.startswith(WRITTEN_ONCE) and paths.is_linked(project.root, path)
            ),
            *filter(None, [provenance.describe_url_source(answers.gfplug)]),
            *(f"{path}: a copy of your file" for path in backups),
        ),
    )


def _render(project: Project, folder: Path, answers: template.Answers) -> tuple[dict[str, TreeFile], lock.Lock]:
    """Complete the rendered files as `gfplug new` would, and return them with their lock."""
    stub_files, new_lock = _stubs(project)
    pyproject = folder / "pyproject.toml"
    text = requirements.raise_floors(documents.read_text(pyproject), new_lock.floors)
    pyproject.write_bytes(text.encode())
    template.store_for_upgrades(folder, answers)
    tree = trees.read(folder, (path.relative_to(folder).as_posix() for path in files.walk(folder)))
    fresh = {**tree, **stub_files}
    digests = {path: files.sha256(entry.content) for path, entry in fresh.items() if path.startswith(_OWNED)}
    requirement = provenance.detect(answers.gfplug).pip_argument
    return fresh, replace(new_lock, template_version=__version__, gfplug=requirement, owned=digests)


def _stubs(project: Project) -> tuple[dict[str, TreeFile], lock.Lock]:
    """Return the generated package and its lock; generate it again if it was edited, or made by other tools."""
    old_lock = project.lock
    is_whole = not any(path.startswith(_STUBS) for path in project.changed_owned())
    if is_whole and dict(old_lock.tools) == stubs.tool_versions():
        return {path: entry for path, entry in _on_disk(project).items() if path.startswith(_STUBS)}, old_lock
    protos = verify.read_project_proto(project)
    if protos.sha256 != old_lock.proto_sha256:
        raise IntegrityError(
            f"{project.proto} is not the proto that {lock.LOCK_NAME} names",
            hint=f"restore it: gfplug proto upgrade --to {old_lock.sdk_version} --force",
        )
    package = stubs.generate(protos)
    stub_files = {f"src/{path}": TreeFile(content) for path, content in package.files.items()}
    return stub_files, replace(old_lock, floors=package.floors, tools=package.tools)


def _on_disk(project: Project) -> dict[str, TreeFile]:
    """Read the owned folders."""
    return trees.read(project.root, project.owned_digests(project.owned_folders()))


def _replace_owned(project: Project, fresh: Mapping[str, TreeFile], *, force: bool) -> dict[str, Edit]:
    """Replace the owned folders completely; refuse if one was edited, unless `force` is set."""
    current = _on_disk(project)
    new = {path: entry for path, entry in fresh.items() if path.startswith(_OWNED)}
    if (edited_files := project.changed_owned()) and not force:
        raise ProjectError(
            f"owned files differ from {lock.LOCK_NAME}: "
            + ", ".join(f"{path} ({kind})" for path, kind in edited_files.items()),
            hint="move your changes to src/plugin and restore the files, or use --force, which keeps a copy",
            details=difference.show(_authors_edits(project, current, edited_files)),
        )
    return trees.compare(current, new)


def _authors_edits(project: Project, current: Mapping[str, TreeFile], edited_paths: Iterable[str]) -> dict[str, Edit]:
    """Return the author's changes in owned files: compared with the project's history; else the whole file."""
    names = [path for path in edited_paths if path in current]
    originals = former.find_original_files(project.root, project.lock.owned, names[:_MOST_ORIGINALS])
    return trees.compare(originals, {path: current[path] for path in names})


def _merge(
    project: Project, fresh: Mapping[str, TreeFile], request: UpgradeRequest, sources: Mapping[str, str]
) -> tuple[MergeResult, dict[str, TreeFile], dict[str, TreeFile]]:
    """Merge the user's files after replacing names in them; also return the base and the user's tree."""
    root = project.root
    theirs = {path: entry for path, entry in fresh.items() if _is_merged(root, path)}
    is_lost = request.force and not (root / template.BASE_NAME).exists()
    base_files = {} if is_lost else origin.base(root)
    base = {path: entry for path, entry in base_files.items() if _is_merged(root, path)}
    yours = trees.read(root, base.keys() | theirs.keys() | set(candidates.list_blocking_files(root, theirs)))
    unresolved = [
        *three_way.list_unresolved(yours),
        *(path for path in base | theirs if os.path.lexists(root / f"{path}{three_way.BESIDE}")),
    ]
    if unresolved:
        raise ConflictError(
            f"an earlier upgrade is not finished: {', '.join(sorted(set(unresolved)))}",
            hint=f"resolve the conflict markers, remove *{three_way.BESIDE}, then run it again",
        )
    if any(path not in yours and entry != theirs.get(path) for path, entry in base.items()):
        yours |= trees.read(root, (path for path in candidates.find(root) if _is_merged(root, path)))
    rewrites = Rewrites(base=base, fresh=fresh, names=request.names, sources=sources)
    rewritten = rewrites.apply(yours)
    whole = former.complete_base(rewrites.apply(base), rewritten, theirs)
    merged = three_way.merge(whole, rewritten, theirs, label=f"template {__version__}")
    writes = {path: entry for path, entry in rewritten.items() if entry != yours[path] and path not in merged.deletes}
    return replace(merged, writes={**writes, **merged.writes}), base, yours


def _rename_elsewhere(project: Project, names: Mapping[str, str], merged: Iterable[str]) -> dict[str, Edit]:
    """Return edits that replace names in files that are not merged: code, tests, other files of the author."""
    if not names:
        return {}
    skipped = {lock.LOCK_NAME, *merged}
    old = trees.read(project.root, (path for path in candidates.find(project.root) if path not in skipped))
    old = {path: entry for path, entry in old.items() if not path.startswith((*_OWNED, ".gfplug/"))}
    return trees.compare(old, Rewrites(base={}, fresh={}, names=names).apply(old))


def _is_merged(root: Path, path: str) -> bool:
    """Tell whether a path is merged: a user's file that is not written once and is not a link."""
    return (
        not path.startswith((*_OWNED, *WRITTEN_ONCE, ".gfplug/"))
        and path != lock.LOCK_NAME
        and not paths.is_linked(root, path)
    )


def _update_records(project: Project, fresh: Mapping[str, TreeFile], after: lock.Lock) -> dict[str, Edit]:
    """Update the project's stored upgrade data, and the lock."""
    new = {**{path: fresh[path] for path in _STORED_FILES}, lock.LOCK_NAME: TreeFile(lock.encode(after))}
    return trees.compare(trees.read(project.root, new), new)


def _edited_without_a_copy(
    project: Project, base: Mapping[str, TreeFile], yours: Mapping[str, TreeFile], merged: MergeResult
) -> list[str]:
    """List files that the merge changes and whose edits have no other copy: uncommitted, or not in git."""
    edited = [path for path in merged.writes if path in yours and yours[path] != base.get(path)]
    return repository.find_uncommitted(project.root, edited)
