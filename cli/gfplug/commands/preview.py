"""`gfplug preview`."""

from __future__ import annotations

import os
import signal
import sys
import time
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console
from gfplug.commands.options import BundleFolder  # noqa: TC001 - typer reads the annotations

if TYPE_CHECKING:
    from types import FrameType

_SECONDS = 60.0
_ENDINGS = (signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))  # SIGHUP: the terminal was closed


def preview(
    target: BundleFolder = Path(),
    *,
    no_open: Annotated[bool, typer.Option("--no-open", help="Only print the address; open no browser.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on 127.0.0.1.", show_default="a free one")] = 0,
    grafana: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="The Grafana version whose components the page uses.", show_default="the newest"
        ),
    ] = None,
    python: Annotated[
        Path | None, typer.Option(help="Run the source with this Python interpreter, and create no environment.")
    ] = None,
) -> None:
    """See a data source in a browser, without Grafana.

    Opens a page with the config page, the query editor and panels. The page updates after each save. Ctrl-C ends the
    command.
    """
    from gfplug.bundle import preview_session as service  # noqa: PLC0415 - a command's imports are its own

    for number in _ENDINGS:
        signal.signal(number, _end)  # so that the plugin ends too
    options = service.PreviewOptions(target=target, python=python, port=port, grafana=grafana)
    with service.open_preview(options) as running:
        console.result(running.url)
        sys.stdout.flush()
        follows = "Each save is on the page a moment later. " if running.is_source else ""
        console.note(f"The page is made of Grafana {running.grafana}'s packages. {follows}Ctrl-C ends it.")
        if not no_open and _has_screen():
            webbrowser.open(running.ticket_url)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(_SECONDS)


def _has_screen() -> bool:
    """Return whether a browser can open a window; without a display, `webbrowser` may start a text browser."""
    is_unix_desktop = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    return sys.platform in ("win32", "darwin") or is_unix_desktop


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
