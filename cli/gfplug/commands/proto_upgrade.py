"""`gfplug proto diff` and `gfplug proto upgrade`: compare two SDK versions, and change a project's version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gfplug import console
from gfplug.commands.options import DryRun, Json, Offline, ProjectFolder, ProtoSource, show_changes

if TYPE_CHECKING:
    from gfplug.sdk import ProtoSet
    from gfplug.sdk.compat import Change
    from gfplug.upgrades.proto_upgrade import Upgrade


def diff(
    old: Annotated[str | None, typer.Argument(metavar="A", help="A release; default: the project's.")] = None,
    new: Annotated[
        str | None, typer.Argument(metavar="B", help="Another release; default: the newest that gfplug contains.")
    ] = None,
    *,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with code 7 if something breaks, on the wire or in source.")
    ] = False,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Compare the protos of two releases.

    Tells what breaks on the wire, what breaks in source, and what is new.
    """
    from gfplug.errors import CompatError  # noqa: PLC0415
    from gfplug.sdk import compat, stubs  # noqa: PLC0415 - a command's imports are its own

    before, after = _release(old, offline=offline), _release(new or "default", offline=offline)
    is_same = before.descriptor is not None and before.descriptor == after.descriptor
    changes = [] if is_same else compat.compare(stubs.describe(before), stubs.describe(after))
    if as_json:
        console.result_json(_diff_json(before, after, changes))
    elif changes:
        console.table(("LEVEL", "CHANGE"), [(change.level, _sentence(change)) for change in changes])
    else:
        console.note(f"{before.version} and {after.version} have the same wire format")
    breaking = [change for change in changes if change.level in {compat.Level.WIRE, compat.Level.SOURCE}]
    if exit_code and breaking:
        raise CompatError(f"{len(breaking)} changes from {before.version} to {after.version} break something")


def upgrade(
    project: ProjectFolder = Path(),
    *,
    to: Annotated[str, typer.Option("--to", metavar="V|latest|default", help="The release to move to.")] = "default",
    source: ProtoSource = None,
    dry_run: DryRun = False,
    tests: Annotated[bool, typer.Option(help="Run the project's tests first, in an upgraded copy.")] = True,
    python: Annotated[Path | None, typer.Option(help="Run the tests with this interpreter, not the .venv's.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Upgrade even if your code uses removed parts, or stubs were edited.")
    ] = False,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Move a project to another SDK release, newer or older.

    Changes proto, stubs, version floors and lock, all of them or none. Makes no git commit. Prints the changed files.
    """
    from gfplug import sdk  # noqa: PLC0415
    from gfplug.project.plugin_project import Project  # noqa: PLC0415
    from gfplug.upgrades import proto_upgrade as service  # noqa: PLC0415 - a command's imports are its own

    request = service.ProtoUpgradeRequest(
        version=sdk.resolve(to, offline=offline),
        source=source,
        offline=offline,
        with_tests=tests,
        python=python,
        force=force,
    )
    target = Project.find(project) if dry_run else Project.find_unfinished(project)
    move = service.plan(target, request) if dry_run else service.upgrade(target, request)
    if as_json:
        console.result_json(move.to_json())
        return
    _print_changes(move)
    show_changes(move.files)
    if dry_run and move.edits:
        console.note("Nothing was changed: --dry-run")


def _release(text: str | None, *, offline: bool) -> ProtoSet:
    """Return the proto of a release, or of the project in the current folder."""
    from gfplug import sdk  # noqa: PLC0415 - a command's imports are its own
    from gfplug.project.plugin_project import Project  # noqa: PLC0415
    from gfplug.sdk import verify  # noqa: PLC0415 - a command's imports are its own

    if text is None:
        return verify.read_project_proto(Project.find(Path()))
    return sdk.fetch(sdk.resolve(text, offline=offline), offline=offline)


def _diff_json(before: ProtoSet, after: ProtoSet, changes: list[Change]) -> dict[str, Any]:
    from gfplug.sdk import compat  # noqa: PLC0415 - a command's imports are its own

    return {
        "from": str(before.version),
        "to": str(after.version),
        "worst": compat.worst(changes),
        "changes": [change.to_json() for change in changes],
    }


def _sentence(change: Change) -> str:
    return f"{change.message} ({change.hint})" if change.hint else change.message


def _print_changes(move: Upgrade) -> None:
    """Print what the upgrade changes, and which parts of this project it affects."""
    if not move.edits:
        console.note(f"Already at SDK {move.after}, from {move.source}")
        return
    console.note(f"SDK {move.before} → {move.after}, from {move.source}")
    if not move.changes:
        console.note("  same wire format: only the version and the generated files' origin change")
    elif move.is_back:
        console.note("  to an older version: the parts that are removed below are lost")
    for change in move.changes:
        places = move.uses.get(change.name)
        uses = f"; used in {', '.join(places)}" if places else ""
        console.note(f"  {change.level:<8}  {_sentence(change)}{uses}")
    console.note(f"Tests: {move.tests}")
