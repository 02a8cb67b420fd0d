"""One finding of a check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

LEVELS = ("error", "warning", "note")
"""An error will fail later, a warning may fail, a note is information."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, its place, and what to do; `rule` is a stable name for programs."""

    level: str
    rule: str
    where: str
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """Return it as `gfplug check --json` prints it."""
        return asdict(self)


error = partial(Finding, "error")
"""Make a finding that will fail later: rule, where, message, hint."""

warning = partial(Finding, "warning")
"""Make a finding that may fail later."""

note = partial(Finding, "note")
"""Make a finding that is information."""
