"""`gfplug call stream`."""

from __future__ import annotations

import itertools
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gfplug import console
from gfplug.commands.call import call_options
from gfplug.host import arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gfplug.host.live import Live
    from gfplug.terminal import Part


@call_options.takes_call_options
def stream(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The channel's path, without ds/<uid>/.")],
    *,
    data: Annotated[
        str, typer.Option(metavar="JSON|@FILE", help="The data that a panel sends when it subscribes.")
    ] = "",
    count: Annotated[int | None, typer.Option(min=1, help="End after this many packets; default: never.")] = None,
    call: call_options.CallOptions,
) -> None:
    """Listen to a stream as a live panel does.

    A terminal shows a moving plot; elsewhere each row is one line. A packet that is not a frame is one line of JSON.
    """
    from gfplug.host.live import Live  # noqa: PLC0415 - `--help` need not wait for it

    content = arguments.content_of(data, option="--data")
    live = Live()
    picture = console.live_drawing() if console.has_cursor(sys.stdout) and not call.as_json else nullcontext()
    with call.running() as (plugin, settings), picture as show:
        packets = plugin.stream(path, settings, data=content, subscribe_timeout=call.timeout)
        for packet in itertools.islice(packets, count):
            _print(packet, live, as_json=call.as_json, show=show)
            sys.stdout.flush()


def _print(packet: bytes, live: Live, *, as_json: bool, show: Callable[[Sequence[Part]], None] | None) -> None:
    """Print a packet: a frame as rows or in the plot, any other packet as a line of JSON."""
    from gfplug.host.live import has_rows, read  # noqa: PLC0415 - as above

    document = read(packet)
    is_frame = live.is_frame(document)
    rows = live.add(packet) if is_frame else []
    if as_json or not is_frame:
        console.result_json(document, indent=None)
    elif show:
        show(_draw(live.frame))
    else:
        for row in zip(*rows, strict=True):
            console.result("  ".join(map(str, row)))
    if not is_frame and has_rows(document):
        console.note("warning: these rows came before a schema: a panel does not show them")


def _draw(frame: dict[str, Any] | None) -> Sequence[Part]:
    """Draw a frame as a plot, or as a table if it has fewer than two times."""
    from gfplug.host.drawing import plot, tables  # noqa: PLC0415 - as above

    if frame is None:
        return []
    width = console.width()
    drawing = plot.draw(plot.series(frame), width=width, colour=console.has_colour(sys.stdout))
    return drawing or [tables.table(frame, rows=10, width=width)]
