"""The parts of an operation that are left out, in the order of the description."""

from __future__ import annotations

from gfplug.scaffold.openapi.model import LeftOut

_MAX_REMARKS = 30  # the most remarks about one operation


class Remarks:
    """Collects the parts that are left out of one operation; `operation` is its name, or empty for no operation."""

    def __init__(self, operation: str = "") -> None:
        """Start without parts."""
        self._operation = operation
        self._more = 0
        self._parts: dict[tuple[str, str], LeftOut] = {}

    @property
    def parts(self) -> tuple[LeftOut, ...]:
        """The parts without duplicates; the last one may state the number of further parts."""
        if not self._more:
            return tuple(self._parts.values())
        last = LeftOut(kind="part", place="/", operation=self._operation, reason=f"and {self._more} more parts")
        return (*self._parts.values(), last)

    def leave_out_part(self, place: str, reason: str) -> None:
        """Add a part; after the first parts of an operation, only count it."""
        part = LeftOut(kind="part", place=place, operation=self._operation, reason=reason)
        if len(self._parts) < _MAX_REMARKS:
            self._parts.setdefault((place, reason), part)
        elif (place, reason) not in self._parts:
            self._more += 1
