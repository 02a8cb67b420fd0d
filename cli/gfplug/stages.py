"""Long work in named stages: each is announced when it begins, and timed when it ends."""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger("gfplug")


@dataclass(slots=True)
class Stages:
    """The stages of one piece of work; `seconds` maps each finished stage's name to its duration."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, *, doing: str, done: str) -> Iterator[None]:
        """Announce `doing`, time the block, then report `done`; a block that raises reports nothing."""
        _log.info(doing, extra={"transient": True})
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        _log.info("%s (%.1f s)", done, self.seconds[name])
