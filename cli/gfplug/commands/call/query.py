"""`gfplug call query`."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console
from gfplug.commands.call import alerts, call_options, query_options
from gfplug.commands.call import watch as watching
from gfplug.errors import ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from gfplug.host.convert import Query, QueryAnswer
    from gfplug.host.traffic import Traffic

_NOTES = 2  # lines on stderr in addition to the answer
_MOST_DIFFERENCES = 20
_RANGE = ("--from", "--to", "--interval", "--max-data-points")
_MODEL = ("--model", "--set", "--var")
_EXCLUDED = {
    "--alert": (*_RANGE, *_MODEL, "--header", "--when", "--record", "--replay", "--plot", "--har"),
    "--when": (*_RANGE, "--header", "--record", "--replay", "--plot", "--har"),
    "--replay": (*_RANGE, *_MODEL),
}
"""The options that have no effect together with an option."""


@call_options.takes_call_options
def query(
    *,
    alert: Annotated[bool, typer.Option("--alert", help="Show which provisioned alert rules would fire.")] = False,
    when: Annotated[
        str | None,
        typer.Option(metavar="CONDITION", help="Show which series would fire this condition, such as 'last > 0.5'."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write requests and responses to this file.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Repeat the recorded requests, and compare the responses.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the plot into an .svg or .png file.")] = None,
    har: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the plugin's requests to its upstreams, as HAR.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Query again after each save of the source.")] = False,
    rows: Annotated[
        int | None,
        typer.Option(min=0, help="Show all frames, with this many rows of each; default: what fits the screen."),
    ] = None,
    what: query_options.QueryOptions,
    call: call_options.CallOptions,
) -> None:
    """Run queries as a panel does, or as an alert rule does.

    A panel's frames are shown as tables and a plot.
    """
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it
    from gfplug.host import traffic  # noqa: PLC0415 - as above

    is_used = {
        "--alert": alert,
        "--when": when is not None,
        "--record": record is not None,
        "--replay": replay is not None,
        "--plot": plot is not None,
        "--har": har is not None,
    }
    _require_compatible(what.option_names | {name for name, value in is_used.items() if value})
    if when is not None and len(what.model or []) > 1:
        raise UsageError(f"--when evaluates one query, got {len(what.model or [])} models")
    _require_writable(plot=plot, har=har)
    what.check()

    def ask() -> None:
        if alert or when is not None:
            alerts.evaluate(call, when, what)
            return
        queries, recorded = _queries(what, call.caller, replay)
        with call.running() as (plugin, settings):
            call.require_fields(plugin, what.typed)
            headers = what.headers if har is None else {**what.headers, **traffic.HEADERS}
            answers = plugin.query_data(queries, settings, headers=headers, timeout=call.timeout)
        captured = None if har is None else traffic.remove_from(answers, uid=settings.uid)
        results = {ref_id: answer.to_json() for ref_id, answer in answers.items()}
        if call.as_json:
            console.result_json({"results": results}, indent=None)
        else:
            for answer in answers.values():
                show(answer, rows=rows, share=len(answers))
        _save(queries, answers, record=record, plot=plot)
        _save_traffic(captured, har)
        service.require_answers([query.ref_id for query in queries], answers, plugin.logs)
        if har is not None and captured is None:
            raise traffic.explain_none(plugin.logs)
        if recorded is not None:
            _compare(recorded, results)

    if watch:
        watching.repeat(call.target, ask)
    else:
        ask()


def _require_compatible(option_names: AbstractSet[str]) -> None:
    """Refuse an option that has no effect together with another option.

    Raises: UsageError that names both.
    """
    for option, others in _EXCLUDED.items():
        if option in option_names and (other := next((each for each in others if each in option_names), None)):
            raise UsageError(f"{option} can't be used with {other}", hint="omit one of them")


def _require_writable(*, plot: Path | None, har: Path | None) -> None:
    """Refuse a file that can't be written.

    Raises: UsageError that names the file.
    """
    from gfplug.host import traffic  # noqa: PLC0415 - as above
    from gfplug.host.drawing import pictures  # noqa: PLC0415 - as above

    if plot is not None:
        pictures.require_writable(plot)
    if har is not None:
        traffic.require_writable(har)


def _queries(
    what: query_options.QueryOptions, caller: Mapping[str, str], replay: Path | None
) -> tuple[Sequence[Query], Mapping[str, object] | None]:
    """Return the queries, and the recorded answers to compare with, if any."""
    from gfplug.host import recording  # noqa: PLC0415 - as above

    if replay:
        recorded = recording.Recording.read(replay)
        return recorded.queries, recorded.results
    return what.queries(caller), None


def show(answer: QueryAnswer, *, rows: int | None = None, share: int = 1) -> None:
    """Print the frames of one ref id as tables, then one plot of all their time series.

    Without `rows`, the tables and the plot fill one of `share` equal parts of the screen.
    """
    from gfplug.host.drawing import layout, plot, tables  # noqa: PLC0415 - as above

    has_unicode, width = console.has_unicode(), console.width()
    count = len(answer.frames)
    if not answer.frames and not answer.error:
        console.result(f"{answer.ref_id}: no frames")
    lines = [line for frame in answer.frames for line in plot.series(frame)]
    space = layout.unbounded(frames=count, rows=rows or 0)
    if rows is None:
        height = console.height() // share - _NOTES
        space = layout.fit(frames=count, legend=plot.legend_lines(lines), height=height)
    for frame in answer.frames[: space.frames]:
        console.result(tables.heading(answer.ref_id, frame))
        console.result(tables.table(frame, rows=space.rows, width=width) + "\n")
    if count > space.frames:
        console.result(f"… {count - space.frames} more frames; --rows {space.rows} shows all\n")
    for severity, text in dict.fromkeys(notice for frame in answer.frames for notice in tables.notices(frame)):
        console.note(f"{severity}: {answer.ref_id}: {text}")
    style = {"colour": console.has_colour(sys.stdout), "plain": not has_unicode}
    drawing = plot.draw(lines, width=width, height=space.plot, **style)
    if drawing:
        console.result(*drawing)


def _save(
    queries: Sequence[Query], answers: Mapping[str, QueryAnswer], *, record: Path | None, plot: Path | None
) -> None:
    """Write the recording and the picture, if their options are set."""
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


def _save_traffic(captured: Traffic | None, path: Path | None) -> None:
    """Write the captured requests.

    Raises: ToolError if the whole call failed; a plugin on the Go SDK reports that only here.
    """
    if captured is not None and path is not None:
        captured.write(path)
        console.note(f"Captured {captured.counts} in {path}")
        if captured.failure:
            raise ToolError(f"QueryData failed: {captured.failure}")


def _compare(recorded: Mapping[str, object], results: Mapping[str, object]) -> None:
    """Compare the answers with the recorded ones.

    Raises: ToolError if they differ.
    """
    from gfplug.host import recording  # noqa: PLC0415 - as above

    differences = recording.differences(recorded, results)
    if differences:
        rest = len(differences) - _MOST_DIFFERENCES
        raise ToolError(
            f"the answers differ from the recorded ones in {len(differences)} places",
            hint="record them again if the new ones are right",
            details="\n".join([*differences[:_MOST_DIFFERENCES], *([f"... and {rest} more"] if rest > 0 else [])]),
        )
    console.note("The answers equal the recorded ones")
