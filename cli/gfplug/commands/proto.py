"""`gfplug proto`: list the SDK's protos, print one, and check the proto of a project."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gfplug import console
from gfplug.commands import proto_upgrade
from gfplug.commands.options import Json, Offline, ProjectFolder, ProtoSource, group
from gfplug.errors import IntegrityError, ProjectError

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project
    from gfplug.sdk import ProtoSet, Release, SdkVersion

_MARKS = {True: "ok", False: "FAILED", None: "skipped"}


def list_releases(
    *,
    remote: Annotated[
        bool, typer.Option("--remote", help="Also list the releases of the module proxy, or of GitHub.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the releases of the Go SDK, newest first."""
    from gfplug import sdk  # noqa: PLC0415 - a command's imports are its own

    project, default = _project(), sdk.default()
    project_version = project.lock.sdk_version if project else None
    releases = sdk.releases(with_remote=remote)
    if as_json:
        console.result_json([_release_json(release, project_version, default) for release in releases])
    else:
        rows = [_release_row(release, project_version, default) for release in releases]
        console.table(("VERSION", "DATE", "SAME WIRE AS", "NOTE"), rows)


def show(
    version: Annotated[
        str | None,
        typer.Argument(metavar="VERSION", help="A release, `default` or `latest`; without it, the project's release."),
    ] = None,
    *,
    descriptor: Annotated[
        bool, typer.Option("--descriptor", help="Print only the digest of the proto's descriptor.")
    ] = False,
    source: ProtoSource = None,
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Print a release's proto, or facts about it."""
    from gfplug.sdk import stubs  # noqa: PLC0415 - a command's imports are its own

    protos = _protos(version, source=source, offline=offline)
    if as_json:
        console.result_json(_proto_json(protos))
    elif descriptor:
        console.result(protos.descriptor or stubs.digest(stubs.describe(protos)))
    else:
        console.result(protos.text.decode().rstrip("\n"))


def verify_project(project: ProjectFolder = Path(), *, as_json: Json = False) -> None:
    """Check that a project's proto, lock and stubs agree.

    Uses no network.
    """
    from gfplug.project.plugin_project import Project  # noqa: PLC0415 - a command's imports are its own
    from gfplug.sdk import verify  # noqa: PLC0415

    report = verify.verify(Project.find(project))
    if as_json:
        console.result_json(asdict(report))
    else:
        rows = [(check.name, _MARKS[check.passed], check.sentence) for check in report.checks]
        console.table(("CHECK", "RESULT", ""), rows)
    if report.problems:
        raise IntegrityError(
            f"the proto of SDK {report.version} fails {len(report.problems)} of {len(report.checks)} checks",
            hint="restore src/pluginv2 and gfplug.lock from version control",
        )


app = group(
    "Show the Go SDK's protos; change a project's release.",
    list=list_releases,
    show=show,
    verify=verify_project,
    diff=proto_upgrade.diff,
    upgrade=proto_upgrade.upgrade,
)


def _project() -> Project | None:
    """Return the project of the current folder, if there is one."""
    from gfplug.project.plugin_project import Project  # noqa: PLC0415 - a command's imports are its own

    with suppress(ProjectError):
        return Project.find(Path())
    return None


def _protos(version: str | None, *, source: Path | None, offline: bool) -> ProtoSet:
    from gfplug import sdk  # noqa: PLC0415 - a command's imports are its own
    from gfplug.sdk import verify  # noqa: PLC0415

    project = _project()
    if project and version is None:
        if source is None:
            return verify.read_project_proto(project)
        version = project.lock.sdk_version
    return sdk.fetch(sdk.resolve(version or "default", offline=offline), source=source, offline=offline)


def _release_row(release: Release, project_version: str | None, default: SdkVersion) -> tuple[str, ...]:
    notes = {
        "default": release.version == default,
        "this project": str(release.version) == project_version,
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


def _release_json(release: Release, project_version: str | None, default: SdkVersion) -> dict[str, Any]:
    return {
        "version": str(release.version),
        "time": release.time,
        "commit": release.commit,
        "descriptor": release.descriptor,
        "same_wire": [str(version) for version in release.same_wire],
        "default": release.version == default,
        "embedded": release.is_embedded,
        "project": str(release.version) == project_version,
    }


def _proto_json(protos: ProtoSet) -> dict[str, Any]:
    from gfplug.sdk import stubs  # noqa: PLC0415 - a command's imports are its own

    descriptor_set = stubs.describe(protos)
    return {
        "version": str(protos.version),
        "source": protos.source,
        "commit": protos.commit,
        "sha256": protos.sha256,
        "descriptor": stubs.digest(descriptor_set),
        "services": {
            service.name: [method.name for method in service.method]
            for file in descriptor_set.file
            for service in file.service
        },
        "messages": [message.name for file in descriptor_set.file for message in file.message_type],
    }
