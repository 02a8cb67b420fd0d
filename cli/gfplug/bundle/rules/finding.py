"""One finding of a check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

LEVELS = ("error", "warning", "note")
"""An error will cause a failure, a warning may cause one, a note is information."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, its place, and what to do; `rule` is a stable name for programs."""

    level: str
    rule: str
    where: str
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the finding as `gfplug check --json` prints it."""
        return asdict(self)


error = partial(Finding, "error")
"""Create a finding about a certain failure: rule, where, message, hint."""

warning = partial(Finding, "warning")
"""Create a finding about a possible failure."""

note = partial(Finding, "note")
"""Create a finding that is information."""
