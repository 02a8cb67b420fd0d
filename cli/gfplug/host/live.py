"""Combine the packets of a stream into a frame: the first has the schema, later ones only rows."""

from __future__ import annotations

from typing import Any

from gfplug.errors import ToolError
from gfplug.host import frame_shape
from gfplug.untrusted import documents

_MOST_ROWS = 500


class Live:
    """The frame that a live panel would show: the last rows."""

    def __init__(self) -> None:
        """Start without a schema."""
        self.frame: dict[str, Any] | None = None

    def is_frame(self, document: object) -> bool:
        """Tell whether a document is a frame, or rows of the previous one; packets may also be other JSON."""
        if not isinstance(document, dict):
            return False
        schema = document.get("schema")
        has_fields = isinstance(schema, dict) and isinstance(schema.get("fields"), list)
        return has_fields or (not schema and self.frame is not None and has_rows(document))

    def add(self, packet: bytes) -> list[list[Any]]:
        """Add a packet and return its rows, column by column.

        Raises: ToolError if the packet is neither a frame nor rows of the previous one.
        """
        document = read(packet)
        if not isinstance(document, dict) or not ("schema" in document or (self.frame and "data" in document)):
            raise ToolError(f"the plugin sent a packet that is not a frame: {packet[:80]!r}")
        has_schema = document.get("schema") not in (None, {})
        schema = document["schema"] if has_schema else (self.frame or {}).get("schema")
        if problem := frame_shape.find_problem({**document, "schema": schema}):
            raise ToolError(f"the plugin sent a packet that is not a frame, because {problem}: {packet[:80]!r}")
        if has_schema or self.frame is None:
            self.frame = frame_shape.complete({"schema": schema})
        columns = self.frame["data"]["values"]
        values: list[list[Any]] = (document.get("data") or {}).get("values") or []
        for column, more in zip(columns, values, strict=False):
            column.extend(more)
            del column[:-_MOST_ROWS]
        return values


def read(packet: bytes) -> Any:  # noqa: ANN401 - JSON
    """Read a packet.

    Raises: ToolError if it is not JSON.
    """
    try:
        return documents.parse_json(packet)
    except ValueError as error:
        raise ToolError(f"the plugin sent a packet that is not JSON: {packet[:80]!r}") from error


def has_rows(document: object) -> bool:
    """Tell whether a document has the rows of a frame."""
    data = document.get("data") if isinstance(document, dict) else None
    return isinstance(data, dict) and isinstance(data.get("values"), list)
