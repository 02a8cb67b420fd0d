"""`gfplug proto`: the SDK protos known, one of them, and whether a project's own is in order."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from gfplug import console, sdk
from gfplug.commands import proto_upgrade
from gfplug.errors import IntegrityError, ProjectError
from gfplug.project.plugin_project import Project
from gfplug.sdk import stubs, verify

app = typer.Typer(
    help="The Go SDK's protos: releases known, their wire, and the one a project uses.", no_args_is_help=True
)

_Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_Offline = Annotated[bool, typer.Option("--offline", help="Use no network.")]
app.command("diff")(proto_upgrade.diff)
app.command("upgrade")(proto_upgrade.upgrade)
_MARKS = {True: "ok", False: "FAILED", None: "skipped"}


@app.command("list")
def list_releases(
    *,
    remote: Annotated[bool, typer.Option("--remote", help="Also ask the module proxy, or GitHub.")] = False,
    as_json: _Json = False,
) -> None:
    """List the releases of the Go SDK, newest first."""
    used = _used()
    releases = sdk.releases(with_remote=remote)
    if as_json:
        console.result_json([_release_json(release, used) for release in releases])
    else:
        console.table(
            ("VERSION", "DATE", "SAME WIRE AS", "NOTE"), [_release_row(release, used) for release in releases]
        )


@app.command()
def show(
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="A release, default or latest; else the project's.")
    ] = None,
    *,
    descriptor: Annotated[bool, typer.Option("--descriptor", help="Only the digest of its descriptor.")] = False,
    source: Annotated[
        Path | None, typer.Option("--from", help="Take it from a file, checkout or module zip.", metavar="PATH")
    ] = None,
    offline: _Offline = False,
    as_json: _Json = False,
) -> None:
    """Print a release's proto, or facts about it."""
    protos = _protos(version, source=source, offline=offline)
    if as_json:
        console.result_json(_proto_json(protos))
    elif descriptor:
        console.result(protos.descriptor or stubs.digest(stubs.describe(protos)))
    else:
        console.result(protos.text.decode().rstrip("\n"))


@app.command("verify")
def verify_project(
    project: Annotated[Path, typer.Argument(metavar="[PROJECT]", help="A plugin project; default: here.")] = Path(),
    *,
    as_json: _Json = False,
) -> None:
    """Check, without a network, that a project's proto, lock and stubs agree."""
    found = verify.verify(Project.find(project))
    if as_json:
        console.result_json(asdict(found))
    else:
        console.table(
            ("CHECK", "RESULT", ""), [(check.name, _MARKS[check.passed], check.said) for check in found.checks]
        )
    if found.problems:
        raise IntegrityError(
            f"the proto of SDK {found.version} fails {len(found.problems)} of {len(found.checks)} checks",
            hint="restore src/pluginv2 and gfplug.lock from version control",
        )


def _project() -> Project | None:
    try:
        return Project.find(Path())
    except ProjectError:
        return None


def _used() -> str | None:
    """Return the version of the project here, if this is one."""
    project = _project()
    return project.lock.sdk_version if project else None


def _protos(version: str | None, *, source: Path | None, offline: bool) -> sdk.ProtoSet:
    project = _project()
    if version is None and source is None and project is not None:
        return verify.committed(project)
    chosen = sdk.resolve(version or _used() or "default", offline=offline)
    return sdk.fetch(chosen, source=source, offline=offline)


def _release_row(release: sdk.Release, used: str | None) -> tuple[str, ...]:
    notes = {
        "default": release.version == sdk.default(),
        "this project": str(release.version) == used,
        "embedded": release.is_embedded,
        "not in the index": release.descriptor is None,
    }
    newer = [other for other in release.same_wire if other > release.version]
    return (
        str(release.version),
        (release.time or "-")[:10],
        str(newer[0]) if newer else "-",
        ", ".join(note for note, applies in notes.items() if applies),
    )


def _release_json(release: sdk.Release, used: str | None) -> dict[str, Any]:
    return {
        "version": str(release.version),
        "time": release.time,
        "commit": release.commit,
        "descriptor": release.descriptor,
        "same_wire": [str(version) for version in release.same_wire],
        "default": release.version == sdk.default(),
        "embedded": release.is_embedded,
        "project": str(release.version) == used,
    }


def _proto_json(protos: sdk.ProtoSet) -> dict[str, Any]:
    described = stubs.describe(protos)
    return {
        "version": str(protos.version),
        "source": protos.source,
        "commit": protos.commit,
        "sha256": protos.sha256,
        "descriptor": stubs.digest(described),
        "services": {
            service.name: [method.name for method in service.method]
            for file in described.file
            for service in file.service
        },
        "messages": [message.name for file in described.file for message in file.message_type],
    }
