"""One thing that a check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass

LEVELS = ("error", "warning", "note")
"""An error fails later, a warning may, a note is good to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found, where, and what to do; `rule` is a stable name for programs."""

    level: str
    rule: str
    where: str
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """Return it as `gfplug check --json` prints it."""
        return asdict(self)


def error(rule: str, where: str, message: str, hint: str = "") -> Finding:
    """Make a finding that fails later."""
    return Finding(level="error", rule=rule, where=where, message=message, hint=hint)


def warning(rule: str, where: str, message: str, hint: str = "") -> Finding:
    """Make a finding that may fail later."""
    return Finding(level="warning", rule=rule, where=where, message=message, hint=hint)


def note(rule: str, where: str, message: str, hint: str = "") -> Finding:
    """Make a finding that is good to know."""
    return Finding(level="note", rule=rule, where=where, message=message, hint=hint)
