"""What a test run makes once, whatever the number of its workers: the first to ask makes it, the others wait for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

PATIENCE_S = 900.0
"""How long a worker waits for what another one makes; Go compiles for minutes when its cache is cold."""


class NotMadeError(Exception):
    """Something could not be made; the message says why."""


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers of this run share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(place: Path, make: Callable[[], object]) -> Path:
    """Let one worker make what lies at a place, and return the place.

    Raises: NotMadeError, in every worker, with what went wrong.
    """
    note = place.with_name(f"{place.name}.failure")
    with FileLock(place.with_name(f"{place.name}.lock"), timeout=PATIENCE_S):
        if not note.exists():
            note.write_text(_attempt(make), encoding="utf-8")
    if failure := note.read_text(encoding="utf-8"):
        raise NotMadeError(failure)
    return place


def _attempt(make: Callable[[], object]) -> str:
    """Call a maker and return what went wrong, or nothing."""
    try:
        make()
    except NotMadeError as error:
        return str(error)
    except BaseException as error:  # noqa: BLE001  # the others must hear of it, whatever it is
        return repr(error)
    return ""
