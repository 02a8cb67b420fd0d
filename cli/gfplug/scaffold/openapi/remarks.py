"""What reading an operation leaves out, in the order in which it was seen."""

from __future__ import annotations

from gfplug.scaffold.openapi.model import LeftOut

_MOST = 30  # of one operation


class Remarks:
    """Parts that one operation does without; `operation` is its name, empty for what belongs to none."""

    def __init__(self, operation: str = "") -> None:
        """Begin with none."""
        self._operation = operation
        self._parts: dict[tuple[str, str], LeftOut] = {}

    @property
    def parts(self) -> tuple[LeftOut, ...]:
        """All of them, each one once."""
        return tuple(self._parts.values())

    def leave_out_part(self, place: str, reason: str) -> None:
        """Note one; the first few of an operation are kept."""
        part = LeftOut(kind="part", place=place, operation=self._operation, reason=reason)
        if len(self._parts) < _MOST:
            self._parts.setdefault((place, reason), part)
