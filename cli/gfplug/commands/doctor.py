"""`gfplug doctor`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gfplug import console
from gfplug.commands.options import Json  # noqa: TC001 - typer reads the annotations

_MAX_LOG_BYTES = 64 << 20


def doctor(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A project, or any folder.", show_default="here")
    ] = Path(),
    *,
    explain: Annotated[
        str, typer.Option(help="Explain a line of Grafana's log; - reads the log from standard input.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Examine this machine and project, or explain a log.

    With --explain, says why Grafana could not start a plugin.
    """
    if explain:
        _explain(_read_stdin() if explain == "-" else explain, as_json=as_json)
        return
    from gfplug.checks import doctor as service  # noqa: PLC0415 - a command's imports are its own
    from gfplug.errors import ProjectError, ToolError  # noqa: PLC0415
    from gfplug.project.plugin_project import Project  # noqa: PLC0415

    if not folder.exists():
        raise ProjectError(f"{folder} does not exist")
    try:
        project = Project.find_unfinished(folder)
    except ProjectError:
        project = None
    checks = service.examine(project, folder=folder)
    if as_json:
        console.result_json([each.to_json() for each in checks])
    else:
        for each in checks:
            console.result(f"{'good' if each.is_good else 'BAD '}  {each.name}: {each.state}")
            if not each.is_good:
                console.result(f"      {each.remedy}")
    if bad := [each.name for each in checks if not each.is_good]:
        raise ToolError(f"failed checks: {', '.join(bad)}", hint="see the hint below each finding")


def _read_stdin() -> str:
    """Read a log, in any encoding.

    Raises: UsageError if it is too large.
    """
    from gfplug.errors import UsageError  # noqa: PLC0415 - a command's imports are its own

    content = sys.stdin.buffer.read(_MAX_LOG_BYTES + 1)
    if len(content) > _MAX_LOG_BYTES:
        raise UsageError(
            f"--explain -: standard input has more than {_MAX_LOG_BYTES >> 20} MB",
            hint="pass its last lines: tail -n 1000",
        )
    return content.decode(errors="replace")


def _explain(text: str, *, as_json: bool) -> None:
    from dataclasses import asdict  # noqa: PLC0415 - a command's imports are its own

    from gfplug.errors import UsageError  # noqa: PLC0415
    from gfplug.host import failures  # noqa: PLC0415

    explanations = failures.explain(text)
    if not explanations:
        raise UsageError(
            f"--explain expects what Grafana logs when a plugin does not start, got {text[:80]!r}",
            hint="pass the line that the plugin wrote: logger=plugin.<id>, or try `gfplug call health`",
        )
    if as_json:
        console.result_json([asdict(each) for each in explanations])
        return
    for each in explanations:
        console.result(f"{each.line}\n  {each.cause}\n  {each.remedy}")
