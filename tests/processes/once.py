"""Make files once for all workers of a test run: the first worker makes them, the others wait."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

PATIENCE_S = 900.0
"""The time that a worker waits for files of another; Go compiles for minutes with an empty cache."""


class NotMadeError(Exception):
    """Something could not be made; the message says why."""


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers of this run share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(place: Path, make: Callable[[], object]) -> Path:
    """Let one worker make the files at a path, and return the path.

    Raises: NotMadeError, in every worker, with the reason.
    """
    note = place.with_name(f"{place.name}.failure")
    with FileLock(place.with_name(f"{place.name}.lock"), timeout=PATIENCE_S):
        if not note.exists():
            note.write_text(_attempt(make), encoding="utf-8")
    if failure := note.read_text(encoding="utf-8"):
        raise NotMadeError(failure)
    return place


def _attempt(make: Callable[[], object]) -> str:
    """Call a maker; return the error's text, or an empty one."""
    try:
        make()
    except NotMadeError as error:
        return str(error)
    except BaseException as error:  # noqa: BLE001  # the others must hear of it, whatever it is
        return repr(error)
    return ""
