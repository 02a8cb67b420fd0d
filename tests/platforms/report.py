"""The report of a run: one JSON line for each step, `{"step", "ok", "seconds", "detail"}`, on standard output."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Report:
    """Runs steps, and counts those that failed."""

    failures: int = 0

    def step(self, name: str, act: Callable[[], str], *, left_behind: Callable[[], str] | None = None) -> bool:
        """Run a step, print its line, and return whether it succeeded; it also fails if `left_behind` returns text."""
        begin, ok = time.monotonic(), True
        try:
            detail = act()
        except Exception as error:  # noqa: BLE001  # whatever it is, the report says it and the next steps go on
            ok, detail = False, f"{type(error).__name__}: {error}"
        seconds = round(time.monotonic() - begin, 2)
        if left_behind is not None and (remaining := left_behind()):
            ok, detail = False, f"{detail}; left behind: {remaining}"
        self.failures += not ok
        line = {"step": name, "ok": ok, "seconds": seconds, "detail": detail}
        print(json.dumps(line), flush=True)  # noqa: T201  # the script's result
        return ok
