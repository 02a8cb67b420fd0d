"""`gfplug merge`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from gfplug import console


def merge(
    archives: Annotated[list[Path], typer.Argument(metavar="ARCHIVE", help="One archive for each platform.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The archive to write.", show_default="<id>-<version>.zip")
    ] = None,
) -> None:
    """Join the archives of several platforms into one.

    Prints the path of the new archive.
    """
    from gfplug.bundle import combine  # noqa: PLC0415 - a command's imports are its own

    merged = combine.combine(archives, output)
    console.note(f"One plugin for {', '.join(merged.platforms)}")
    console.result(merged.archive)
