"""`gfplug check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gfplug import console


def check(
    targets: Annotated[
        list[Path] | None,
        typer.Argument(metavar="TARGET", help="A project, a dist/ folder or an archive.", show_default="here"),
    ] = None,
    *,
    alerts: Annotated[
        bool, typer.Option("--alerts", help="Start the plugin and query it as the provisioned alert rules do.")
    ] = False,
    dashboards: Annotated[
        list[Path] | None,
        typer.Option(
            "--dashboards",
            metavar="FILE...",
            help="Check only the queries that are saved in these dashboards and alert rules.",
        ),
    ] = None,
    python: Annotated[
        Path | None,
        typer.Option(help="Load the data source with this interpreter instead of the project's .venv."),
    ] = None,
    static: Annotated[bool, typer.Option("--static", help="Run no code of the project; only read its files.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Treat warnings as errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Report what would fail when the plugin is used.

    Checks manifest, executables, file modes, links, signature, stubs and sizes, and looks for known vulnerabilities
    of the runtime inside. For a project, also checks that the code loads, its imports, and its provisioning files.
    """
    from gfplug.checks import check as service  # noqa: PLC0415 - a command's imports are its own
    from gfplug.checks import dashboards as saved  # noqa: PLC0415
    from gfplug.errors import ProjectError, UsageError  # noqa: PLC0415

    if dashboards and alerts:
        raise UsageError("--dashboards and --alerts are two checks", hint="run one after the other")
    running = {"--python": python, "--dashboards": dashboards, "--alerts": alerts}
    if static and (other := next((name for name, is_used in running.items() if is_used), "")):
        raise UsageError(f"--static can't be used with {other}, which runs the project's code", hint="omit one of them")
    if dashboards:
        project, more = saved.separate(targets or [])  # the option itself gets only the first file
        report = saved.check(project, [*dashboards, *more], python=python)
    elif len(targets or []) > 1:
        raise UsageError(f"expected one target, got {' '.join(map(str, targets or []))}")
    else:
        target = targets[0] if targets else Path()
        report = (
            service.alerts(target, python=python) if alerts else service.check(target, python=python, is_static=static)
        )
    if as_json:
        console.result_json(report.to_json())
    else:
        for finding in report.findings:
            console.result(f"{finding.level}: {finding.where}: {finding.message}")
            if finding.hint:
                console.result(f"  {finding.hint}")
    if not report.is_good(strict=strict):
        errors, warnings = report.count("error"), report.count("warning")
        counts = (
            f"{number} {word}{'' if number == 1 else 's'}"
            for number, word in ((errors, "error"), (warnings, "warning"))
        )
        raise ProjectError(f"{report.path}: {', '.join(counts)}", hint="see the hint below each finding")
    if not as_json:
        console.note(f"{report.path} is good{', as far as it was checked' if report.is_partial else ''}")
