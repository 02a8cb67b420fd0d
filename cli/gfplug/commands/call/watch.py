"""`--watch`: repeat a call after each change of the project's source."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from gfplug import console
from gfplug.errors import GfplugError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_POLL_SECONDS = 0.2


def repeat(target: Path, call: Callable[[], None]) -> None:
    """Call now and after each change, until Ctrl-C; after a failure, print it and wait for the next change.

    On a terminal each answer replaces the previous one.
    """
    from gfplug.project.plugin_project import Project  # noqa: PLC0415 - `--help` need not wait for it

    source = Project.find(target).source
    with suppress(KeyboardInterrupt):
        while True:
            before = _state(source)
            try:
                call()
            except GfplugError as error:
                console.fail(error)
            console.note(f"Watching {source}; Ctrl-C ends")
            while _state(source) == before:
                time.sleep(_POLL_SECONDS)
            console.clear()


def _state(folder: Path) -> dict[Path, tuple[int, int]]:
    """Map each file to its modification time and its size."""
    from gfplug import files  # noqa: PLC0415 - as above

    state = {}
    for path in files.walk(folder):
        with suppress(FileNotFoundError):  # the file was just removed
            stat = path.stat()
            state[path] = (stat.st_mtime_ns, stat.st_size)
    return state
