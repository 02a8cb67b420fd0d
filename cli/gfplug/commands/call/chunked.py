"""`gfplug call chunked`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console
from gfplug.commands.call import call_options, query_options

if TYPE_CHECKING:
    from gfplug.host.convert import Chunk, QueryAnswer


@call_options.takes_call_options
def chunked(
    *,
    rows: Annotated[int, typer.Option(min=0, help="Show this many rows of each part.")] = 10,
    what: query_options.QueryOptions,
    call: call_options.CallOptions,
) -> None:
    """Run queries, and show each part of the response.

    `query_chunked` yields the parts; each is shown as soon as it arrives.
    """
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it

    what.check()
    last: dict[str, QueryAnswer] = {}
    queries = what.queries(call.caller)
    with call.running() as (plugin, settings):
        call.require_fields(plugin, what.typed)
        for part in plugin.query_chunked(queries, settings, headers=what.headers, timeout=call.timeout):
            if call.as_json:
                console.result_json(
                    {"refId": part.answer.ref_id, "frameId": part.frame_id, **part.answer.to_json()}, indent=None
                )
            else:
                _show(part, rows=rows)
            sys.stdout.flush()
            before = last.get(part.answer.ref_id)
            last[part.answer.ref_id] = before if before and before.error else part.answer
    service.require_answers([query.ref_id for query in queries], last, plugin.logs)


def _show(part: Chunk, *, rows: int) -> None:
    """Print one part's rows as a table."""
    from gfplug.host.drawing import tables  # noqa: PLC0415 - as above

    for frame in part.answer.frames:
        name = f"{part.answer.ref_id} {part.frame_id}".rstrip()
        console.result(tables.heading(name, frame))
        console.result(tables.table(frame, rows=rows, width=console.width()) + "\n")
