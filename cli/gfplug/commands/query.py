"""`gfplug call query`."""

from __future__ import annotations

import json
import math
import string
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console
from gfplug.commands.call_options import (
    Json,
    Option,
    Python,
    Secret,
    SettingsFile,
    Target,
    Timeout,
    Url,
    Verbose,
    running,
    show,
    watched,
)
from gfplug.errors import GfplugError, ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gfplug.host import call as calling
    from gfplug.host.alerting import Rule, RuleResult
    from gfplug.host.convert import Query, QueryAnswer

_STATES = {"would fire": 31, "would not fire": 32, "would be without data": 33}


def query(
    target: Target = Path(),
    *,
    start: Annotated[str, typer.Option("--from", help="now-6h, milliseconds since 1970, or ISO 8601.")] = "now-1h",
    end: Annotated[str, typer.Option("--to", help="As --from.")] = "now",
    interval: Annotated[str | None, typer.Option(help="Between points: 30s, 5m; default: from the range.")] = None,
    max_data_points: Annotated[int, typer.Option(min=1, help="How many points a panel has room for.")] = 100,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="JSON|@FILE", help="A query; several become A, B, ...; default: the plugin's defaults."),
    ] = None,
    assign: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One field, of every query.")
    ] = None,
    var: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A dashboard variable, put in for $NAME.")
    ] = None,
    alert: Annotated[bool, typer.Option("--alert", help="Tell which provisioned alert rules would fire.")] = False,
    when: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="Tell where this would fire, such as 'last > 0.5'.")
    ] = None,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep questions and answers.")] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ask what was recorded again, and compare the answers.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw into an .svg, or a .png.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Ask again at each save of the source.")] = False,
    rows: Annotated[int, typer.Option(min=0, help="How many rows of each frame to show.")] = 10,
    python: Python = None,
    url: Url = None,
    option: Option = None,
    secret: Secret = None,
    settings: SettingsFile = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Ask queries as a panel does, and show their frames as tables and a plot; or ask as an alert rule does."""
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it
    from gfplug.host import rehearsal, variables  # noqa: PLC0415

    overrides = service.Overrides(file=settings, url=url, options=option or [], secrets=secret or [])
    span = service.QueryRange(start=start, end=end, interval=interval, max_data_points=max_data_points)
    known = {key: str(value) for key, value in service.assignments(var or [], option="--var").items()}
    shared = service.assignments(assign or [], option="--set")
    models = [variables.interpolate({**service.model(text), **shared}, known) for text in model or ["{}"]]
    if len(models) > len(string.ascii_uppercase):
        raise UsageError(f"{len(models)} queries are more than there are letters to name them")

    def ask() -> None:
        rules = _rules(target, when, models[0]) if alert or when else None
        asked, expected = _questions(span, models, replay)
        with running(target, python, overrides, timeout=timeout, verbose=verbose) as (plugin, source):
            if rules is not None:
                found = rehearsal.rehearse(plugin, rules, source, now=datetime.now(UTC), timeout=timeout)
            else:
                answers = plugin.query_data(asked, source, timeout=timeout)
        if rules is not None:
            _tell_all(found, as_json=as_json)
            return
        results = {ref_id: answer.to_json() for ref_id, answer in answers.items()}
        if as_json:
            console.result(json.dumps({"results": results}, ensure_ascii=False))
        else:
            for answer in answers.values():
                show(answer, rows=rows)
        _keep(asked, answers, record=record, plot=plot)
        service.require_answers([query.ref_id for query in asked], answers)
        if expected is not None:
            _compare(expected, results)

    if watch:
        watched(target, ask)
    else:
        ask()


def _questions(
    span: calling.QueryRange, models: Sequence[dict[str, object]], replay: Path | None
) -> tuple[Sequence[Query], Mapping[str, object] | None]:
    """Return what to ask, and the answers to compare with, if any."""
    from gfplug.host import call, recording  # noqa: PLC0415 - as above

    if replay:
        recorded = recording.Recording.read(replay)
        return recorded.queries, recorded.results
    now = datetime.now(UTC)
    letters = string.ascii_uppercase
    return [call.question(span, model=each, now=now, ref_id=letters[at]) for at, each in enumerate(models)], None


def _keep(asked: Sequence[Query], answers: dict[str, QueryAnswer], *, record: Path | None, plot: Path | None) -> None:
    from gfplug.host import recording  # noqa: PLC0415 - as above
    from gfplug.host.drawing import pictures  # noqa: PLC0415 - as above
    from gfplug.host.drawing import plot as plotting  # noqa: PLC0415

    if record:
        results = {ref_id: answer.to_json() for ref_id, answer in answers.items()}
        recording.Recording(queries=asked, results=results).write(record)
        console.note(f"Recorded {record}")
    if plot:
        lines = [line for answer in answers.values() for frame in answer.frames for line in plotting.series(frame)]
        pictures.write(lines, plot)
        console.note(f"Drew {plot}")


def _compare(expected: Mapping[str, object], results: Mapping[str, object]) -> None:
    """Say where the answers differ from the recorded ones.

    Raises: ToolError if they do.
    """
    from gfplug.host import recording  # noqa: PLC0415 - as above

    found = recording.differences(expected, results)
    if found:
        more = [f"... and {len(found) - 20} more"] if len(found) > 20 else []  # noqa: PLR2004 - a screen
        raise ToolError(
            f"the answers differ from the recorded ones in {len(found)} places",
            hint="record them again if the new ones are right",
            details="\n".join([*found[:20], *more]),
        )
    console.note("The answers are as they were recorded")


def _rules(target: Path, when: str | None, model: dict[str, object]) -> Sequence[Rule]:
    """Return the rule that was typed, or those of the project's provisioning.

    Raises: UsageError if there is none.
    """
    from gfplug.host import alerting  # noqa: PLC0415 - as above
    from gfplug.project.plugin_project import Project  # noqa: PLC0415

    if when:
        return [alerting.condition(when, model=model)]
    try:
        project = Project.find(target)
    except GfplugError as error:
        raise UsageError(f"--alert: {error.message}", hint="name a condition: --when 'last > 0'") from error
    rules = alerting.find(project.root / "provisioning" / "alerting")
    if not rules:
        raise UsageError("--alert: the project provisions no alert rule", hint="name a condition: --when 'last > 0'")
    return rules


def _tell_all(found: Sequence[tuple[Rule, RuleResult]], *, as_json: bool) -> None:
    """Print what each label set would do, rule by rule.

    Raises: ToolError if a rule would end with an error.
    """
    if as_json:
        console.result_json([_outcome_json(rule, outcome) for rule, outcome in found])
    for rule, outcome in found:
        for warning in outcome.warnings:
            console.note(f"warning: {rule.title}: {warning}")
        if not as_json:
            _tell(rule, outcome)
    if failed := [(rule, outcome) for rule, outcome in found if outcome.error]:
        rule, outcome = failed[0]
        raise ToolError(f"the rule {rule.title!r} would end with an error: {outcome.error}", hint=outcome.hint)


def _tell(rule: Rule, outcome: RuleResult) -> None:
    from gfplug.host.alerting.evaluation import text_of  # noqa: PLC0415 - as above

    console.result(rule.title)
    for each in outcome.instances:
        said = each.state.value
        shown = f"\x1b[{_STATES[said]}m{said}\x1b[0m" if console.has_colour(sys.stdout) else said
        value = "" if each.value is None else f" (value {each.value:.6g})"
        console.result(f"  {shown}: {{{text_of(each.labels)}}}{value}")


def _outcome_json(rule: Rule, outcome: RuleResult) -> dict[str, object]:
    def value(number: float | None) -> object:  # JSON knows neither NaN nor infinities
        return number if number is None or math.isfinite(number) else str(number)

    instances = [
        {"labels": dict(each.labels), "state": each.state.name, "value": value(each.value)}
        for each in outcome.instances
    ]
    return {"rule": rule.title, "instances": instances, "error": outcome.error, "warnings": list(outcome.warnings)}
