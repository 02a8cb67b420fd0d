"""`gfplug build`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gfplug import console
from gfplug.commands.options import ProjectFolder, choice

Libc = Literal["system", "bundled"]
_SMALLEST_CHANGE = 50_000  # bytes, which round to 0.1 MB


def build(
    project: ProjectFolder = Path(),
    *,
    python: Annotated[
        Path | None, typer.Option(help="Build with this interpreter's packages instead of the project's .venv.")
    ] = None,
    libc: Annotated[
        Libc, choice(Libc, help="bundled adds glibc to the bundle, for musl and distroless hosts.")
    ] = "system",
    max_glibc: Annotated[
        str, typer.Option(help="Refuse a bundle that needs a newer glibc than this, such as 2.31.", show_default=False)
    ] = "",
    clean: Annotated[bool, typer.Option("--clean", help="Use no files of an earlier build.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print sizes, the oldest glibc that works, and timings as JSON.")
    ] = False,
) -> None:
    """Freeze a project into dist/ and pack it.

    Starts the frozen plugin once, as a test. Prints the archive's path.
    """
    from gfplug.bundle import build as service  # noqa: PLC0415 - a command's imports are its own
    from gfplug.project.plugin_project import Project  # noqa: PLC0415

    options = service.BuildOptions(python=python, libc=libc, max_glibc=max_glibc, clean=clean)
    bundle = service.build(Project.find(project), options)
    if as_json:
        console.result_json(bundle.to_json())
        return
    grown = _change(bundle.bundle_bytes, bundle.bundle_bytes_before)
    packed_grown = _change(bundle.archive_bytes, bundle.archive_bytes_before)
    console.note(
        f"{_megabytes(bundle.bundle_bytes)} in {bundle.files} files{grown}, "
        f"{_megabytes(bundle.archive_bytes)} packed{packed_grown}"
    )
    console.note(f"handshake after {bundle.handshake_ms:.0f} ms, first answer after {bundle.first_answer_ms:.0f} ms")
    console.result(bundle.archive)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _change(size: int, before: int | None) -> str:
    """Return how much a size has changed since the last build; empty if the change rounds to 0."""
    change = 0 if before is None else size - before
    return f" ({change / 1e6:+.1f} MB since the last build)" if abs(change) >= _SMALLEST_CHANGE else ""
