"""Packets of a stream, put together into a frame: the first brings the schema, later ones the rows alone."""

from __future__ import annotations

import json
from typing import Any

from gfplug.errors import ToolError

_KEPT = 500


class Live:
    """The frame that a live panel would show: the last rows that came."""

    def __init__(self) -> None:
        """Begin without a schema."""
        self.frame: dict[str, Any] | None = None

    def add(self, packet: bytes) -> list[list[Any]]:
        """Take a packet and return its rows, column by column.

        Raises: ToolError if it is neither a frame nor rows of the one before.
        """
        try:
            document = json.loads(packet)
        except ValueError as error:
            raise ToolError(f"the plugin sent a packet that is not JSON: {packet[:80]!r}") from error
        if not isinstance(document, dict) or not ("schema" in document or (self.frame and "data" in document)):
            raise ToolError(f"the plugin sent a packet that is no frame: {packet[:80]!r}")
        values: list[list[Any]] = document.get("data", {}).get("values") or []
        if "schema" in document or self.frame is None:
            self.frame = {"schema": document["schema"], "data": {"values": [[] for _ in document["schema"]["fields"]]}}
        columns = self.frame["data"]["values"]
        if values and len(values) != len(columns):
            raise ToolError(f"the plugin sent {len(values)} columns for a schema of {len(columns)}")
        for column, more in zip(columns, values, strict=False):
            column.extend(more)
            del column[:-_KEPT]
        return values
