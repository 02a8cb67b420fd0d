"""`gfplug call stream`."""

from __future__ import annotations

import itertools
import shutil
import sys
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
)

if TYPE_CHECKING:
    from gfplug.host.live import Live

_HOME, _REST, _BELOW = "\x1b[H", "\x1b[K", "\x1b[K\n\x1b[J"
"""To the top; the rest of a line and what is below it are removed: drawn over, nothing flickers."""


def stream(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The channel, without its ds/<uid>/.")],
    target: Target = Path(),
    *,
    data: Annotated[str, typer.Option(metavar="JSON|@FILE", help="What the panel sends with its subscription.")] = "",
    count: Annotated[int | None, typer.Option(min=1, help="End after so many packets; default: never.")] = None,
    python: Python = None,
    url: Url = None,
    option: Option = None,
    secret: Secret = None,
    settings: SettingsFile = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Listen to a stream as a live panel does: a plot that moves on a terminal, one line per row elsewhere."""
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it
    from gfplug.host import live as packets  # noqa: PLC0415

    overrides = service.Overrides(file=settings, url=url, options=option or [], secrets=secret or [])
    sent = service.content_of(data, option="--data")
    live = packets.Live()
    with running(target, python, overrides, timeout=timeout, verbose=verbose) as (plugin, source):
        for packet in itertools.islice(plugin.stream(path, source, data=sent), count):
            rows = live.add(packet)
            if as_json:
                console.result(packet.decode(errors="replace"))
            elif sys.stdout.isatty():
                _draw(live)
            else:
                for row in zip(*rows, strict=True):
                    console.result("  ".join(map(str, row)))
            sys.stdout.flush()


def _draw(live: Live) -> None:
    from gfplug.host.drawing import plot, tables  # noqa: PLC0415 - as above

    frame = live.frame
    if frame is None:
        return
    width = shutil.get_terminal_size().columns
    drawn = plot.draw(plot.series(frame), width=width, colour=console.has_colour(sys.stdout))
    text = drawn or tables.table(frame, rows=10, width=width)
    console.result(_HOME + text.replace("\n", f"{_REST}\n") + _BELOW, end="")
