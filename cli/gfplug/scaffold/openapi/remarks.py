"""What reading an operation leaves out, in the order in which it was seen."""

from __future__ import annotations

from gfplug.scaffold.openapi.model import LeftOut

_MOST = 30  # of one operation


class Remarks:
    """Parts that one operation does without; `operation` is its name, empty for what belongs to none."""

    def __init__(self, operation: str = "") -> None:
        """Begin with none."""
        self._operation = operation
        self._more = 0
        self._parts: dict[tuple[str, str], LeftOut] = {}

    @property
    def parts(self) -> tuple[LeftOut, ...]:
        """All of them, each one once; of very many, the first."""
        if not self._more:
            return tuple(self._parts.values())
        last = LeftOut(kind="part", place="/", operation=self._operation, reason=f"and {self._more} more parts of it")
        return (*self._parts.values(), last)

    def leave_out_part(self, place: str, reason: str) -> None:
        """Note one; the first few of an operation are kept."""
        part = LeftOut(kind="part", place=place, operation=self._operation, reason=reason)
        if len(self._parts) < _MOST:
            self._parts.setdefault((place, reason), part)
        elif (place, reason) not in self._parts:
            self._more += 1
