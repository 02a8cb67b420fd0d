"""`gfplug call query`."""

from __future__ import annotations

import string
import sys
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console
from gfplug.commands.call import alerts, call_options
from gfplug.commands.call import watch as watching
from gfplug.errors import ToolError, UsageError
from gfplug.host import arguments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from gfplug.host.call import QueryRange
    from gfplug.host.convert import Query, QueryAnswer

_MOST_DIFFERENCES = 20
_START, _END, _MAX_DATA_POINTS = "now-1h", "now", 100
_RANGE = ("--from", "--to", "--interval", "--max-data-points")
_MODEL = ("--model", "--set", "--var")
_EXCLUDED = {
    "--alert": (*_RANGE, *_MODEL, "--when", "--record", "--replay", "--plot"),
    "--when": (*_RANGE, "--record", "--replay", "--plot"),
    "--replay": (*_RANGE, *_MODEL),
}
"""What an option leaves without effect."""


@call_options.takes_call_options
def query(
    *,
    start: Annotated[str, typer.Option("--from", help="now-6h, milliseconds since 1970, or ISO 8601.")] = _START,
    end: Annotated[str, typer.Option("--to", help="As --from.")] = _END,
    interval: Annotated[str | None, typer.Option(help="Between points: 30s, 5m; default: from the range.")] = None,
    max_data_points: Annotated[
        int, typer.Option(min=1, help="How many points a panel has room for.")
    ] = _MAX_DATA_POINTS,
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
    alert: Annotated[bool, typer.Option("--alert", help="Show which provisioned alert rules would fire.")] = False,
    when: Annotated[
        str | None, typer.Option(metavar="CONDITION", help="Show where this would fire, such as 'last > 0.5'.")
    ] = None,
    record: Annotated[Path | None, typer.Option(metavar="FILE", help="Keep questions and answers.")] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ask what was recorded again, and compare the answers.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw into an .svg, or a .png.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Ask again at each save of the source.")] = False,
    rows: Annotated[int, typer.Option(min=0, help="How many rows of each frame to show.")] = 10,
    call: call_options.CallOptions,
) -> None:
    """Run queries as a panel does, or as an alert rule does.

    A panel's frames are shown as tables and a plot.
    """
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it
    from gfplug.host.drawing import pictures  # noqa: PLC0415 - as above

    used = {
        "--from": start != _START,
        "--to": end != _END,
        "--interval": interval is not None,
        "--max-data-points": max_data_points != _MAX_DATA_POINTS,
        "--model": bool(model),
        "--set": bool(assign),
        "--var": bool(var),
        "--alert": alert,
        "--when": when is not None,
        "--record": record is not None,
        "--replay": replay is not None,
        "--plot": plot is not None,
    }
    _require_compatible({name for name, is_used in used.items() if is_used})
    if when is not None and len(model or []) > 1:
        raise UsageError(f"--when evaluates one query, got {len(model or [])} models")
    if plot is not None:
        pictures.require_writable(plot)
    span = service.QueryRange(start=start, end=end, interval=interval, max_data_points=max_data_points)
    models = _models(model or ["{}"], assign or [], var or [])

    def ask() -> None:
        if alert or when is not None:
            alerts.evaluate(call, when, models[0])
            return
        queries, recorded = _queries(span, models, replay)
        with call.running() as (plugin, settings):
            answers = plugin.query_data(queries, settings, timeout=call.timeout)
        results = {ref_id: answer.to_json() for ref_id, answer in answers.items()}
        if call.as_json:
            console.result_json({"results": results}, indent=None)
        else:
            for answer in answers.values():
                _show(answer, rows=rows)
        _save(queries, answers, record=record, plot=plot)
        service.require_answers([query.ref_id for query in queries], answers, plugin.logs)
        if recorded is not None:
            _compare(recorded, results)

    if watch:
        watching.repeat(call.target, ask)
    else:
        ask()


def _require_compatible(used: AbstractSet[str]) -> None:
    """Refuse an option that another one leaves without effect.

    Raises: UsageError naming both.
    """
    for option, others in _EXCLUDED.items():
        if option in used and (other := next((each for each in others if each in used), None)):
            raise UsageError(f"{option} does not go with {other}", hint="leave one of them out")


def _models(texts: Sequence[str], fields: Sequence[str], variables: Sequence[str]) -> list[dict[str, object]]:
    """Read the queries' models, put the fields into each, and the dashboard's variables into their texts.

    Raises: UsageError for what can't be read, and for more models than there are letters to name them.
    """
    from gfplug.host.variables import interpolate  # noqa: PLC0415 - as above

    if len(texts) > len(string.ascii_uppercase):
        raise UsageError(f"--model expects at most {len(string.ascii_uppercase)} queries, got {len(texts)}")
    values = arguments.variables(variables, option="--var")
    shared = arguments.assignments(fields, option="--set")
    return [interpolate(arguments.merge(arguments.model(text), shared), values) for text in texts]


def _queries(
    span: QueryRange, models: Sequence[dict[str, object]], replay: Path | None
) -> tuple[Sequence[Query], Mapping[str, object] | None]:
    """Return what to ask, and the answers to compare with, if any."""
    from gfplug.host import call, recording  # noqa: PLC0415 - as above

    if replay:
        recorded = recording.Recording.read(replay)
        return recorded.queries, recorded.results
    now = datetime.now(UTC)
    letters = string.ascii_uppercase
    return [call.question(span, model=each, now=now, ref_id=letters[at]) for at, each in enumerate(models)], None


def _show(answer: QueryAnswer, *, rows: int) -> None:
    """Print the frames of one ref id as tables, then one plot of all their time series."""
    from gfplug.host.drawing import plot, tables  # noqa: PLC0415 - as above

    has_unicode, width = console.has_unicode(), console.width()
    if not answer.frames and not answer.error:
        console.result(f"{answer.ref_id}: no frames")
    for frame in answer.frames:
        console.result(tables.heading(answer.ref_id, frame))
        console.result(tables.table(frame, rows=rows, width=width) + "\n")
        for severity, text in tables.notices(frame):
            console.note(f"{severity}: {answer.ref_id}: {text}")
    lines = [line for frame in answer.frames for line in plot.series(frame)]
    drawing = plot.draw(lines, width=width, colour=console.has_colour(sys.stdout), plain=not has_unicode)
    if drawing:
        console.result(*drawing)


def _save(
    queries: Sequence[Query], answers: Mapping[str, QueryAnswer], *, record: Path | None, plot: Path | None
) -> None:
    """Write the recording and the picture that were asked for."""
    from gfplug.host import recording  # noqa: PLC0415 - as above
    from gfplug.host.drawing import pictures  # noqa: PLC0415 - as above
    from gfplug.host.drawing.plot import series  # noqa: PLC0415

    if record:
        results = {ref_id: answer.to_json() for ref_id, answer in answers.items()}
        recording.Recording(queries=queries, results=results).write(record)
        console.note(f"Recorded {record}")
    if plot:
        pictures.write([line for answer in answers.values() for frame in answer.frames for line in series(frame)], plot)
        console.note(f"Drew {plot}")


def _compare(expected: Mapping[str, object], results: Mapping[str, object]) -> None:
    """Compare the answers with the recorded ones.

    Raises: ToolError if they differ.
    """
    from gfplug.host import recording  # noqa: PLC0415 - as above

    differences = recording.differences(expected, results)
    if differences:
        rest = len(differences) - _MOST_DIFFERENCES
        raise ToolError(
            f"the answers differ from the recorded ones in {len(differences)} places",
            hint="record them again if the new ones are right",
            details="\n".join([*differences[:_MOST_DIFFERENCES], *([f"... and {rest} more"] if rest > 0 else [])]),
        )
    console.note("The answers are as they were recorded")
