"""What the calls have in common: their options, a plugin that runs, and how an answer is shown."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console, files
from gfplug.errors import GfplugError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from gfplug.host import call as calling
    from gfplug.host.client import RunningPlugin
    from gfplug.host.convert import QueryAnswer
    from gfplug.host.settings import Settings

_PLAIN_WIDTH = 100
_LOOK_SECONDS = 0.2
_MOST_TERMINAL = 100_000
_CLEAR = "\x1b[H\x1b[2J"

Target = Annotated[
    Path, typer.Argument(metavar="TARGET", help="A project, a dist folder or an executable; default: here.")
]
Python = Annotated[Path | None, typer.Option(help="Run a project's source with this interpreter as it is.")]
Url = Annotated[str | None, typer.Option(help="The data source's URL.")]
Option = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="An option of the data source.")]
Secret = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE|@FILE|$ENV", help="A secret of the data source.")]
SettingsFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The data source from a provisioning file; default: the project's.")
]
Timeout = Annotated[float, typer.Option(min=0.1, max=86_400, help="Seconds for the handshake, and for each answer.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, as Grafana's own API would.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the plugin's whole log.")]


@contextmanager
def running(
    target: Path, python: Path | None, overrides: calling.Overrides, *, timeout: float, verbose: bool
) -> Iterator[tuple[RunningPlugin, Settings]]:
    """Run the plugin that a target names, and tell what settings it is to hear of."""
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it

    if verbose:
        console.setup(1)
    place = service.find(target, python=python)
    source = service.settings(place, overrides)
    signal.signal(signal.SIGTERM, _leave)  # so that the plugin is ended too
    with service.plugin(place, timeout=timeout) as plugin:
        yield plugin, source


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def watched(target: Path, ask: Callable[[], None]) -> None:
    """Ask now and at each change of the project's source, until Ctrl-C; a failure is told and waited out.

    On a terminal each answer takes the place of the one before.
    """
    from gfplug.project.plugin_project import Project  # noqa: PLC0415 - as above

    source = Project.find(target).source
    with suppress(KeyboardInterrupt):
        while True:
            seen = _state(source)
            try:
                ask()
            except GfplugError as error:
                console.fail(error)
            console.note(f"Watching {source}; Ctrl-C ends")
            while _state(source) == seen:
                time.sleep(_LOOK_SECONDS)
            if sys.stdout.isatty():
                console.result(_CLEAR, end="")


def _state(folder: Path) -> dict[Path, tuple[int, int]]:
    found = {}
    for path in files.walk(folder):
        with suppress(FileNotFoundError):  # removed meanwhile
            stat = path.stat()
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def show(answer: QueryAnswer, *, rows: int) -> None:
    """Print the frames of one ref id as tables, then one plot of all their time series."""
    from gfplug.host.drawing import plot, tables  # noqa: PLC0415 - as above

    is_terminal, is_unicode = sys.stdout.isatty(), _is_unicode()
    width = min(shutil.get_terminal_size((_PLAIN_WIDTH, 0)).columns, _MOST_TERMINAL) if is_terminal else _PLAIN_WIDTH
    if not answer.frames and not answer.error:
        console.result(f"{answer.ref_id}: no frames")
    for frame in answer.frames:
        console.result(tables.heading(answer.ref_id, frame))
        console.result(tables.table(frame, rows=rows, width=width) + "\n")
    lines = [line for frame in answer.frames for line in plot.series(frame)]
    drawn = plot.draw(lines, width=width, colour=console.has_colour(sys.stdout), plain=not is_unicode)
    if drawn:
        console.result(drawn)


def _is_unicode() -> bool:
    """Tell whether stdout can show everything; where it can not, let it show question marks instead of failing."""
    if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8":
        return True
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return False
