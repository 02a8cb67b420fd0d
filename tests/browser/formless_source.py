"""Data sources whose queries have no fields."""

from __future__ import annotations

from typing import Any

from field_source import Options  # noqa: TC002 - the schema is read from it

from gfruntime.request.services import TagRequest  # noqa: TC001 - the schema is read from it
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


class Formless:
    """A data source whose queries have no fields, and can be filtered."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[dict[str, Any]]) -> None:
        """Answer nothing."""

    def get_tag_keys(self, _request: TagRequest) -> list[str]:
        """List no key."""
        return []


class Plain:
    """A data source without fields."""

    def query(self, query: Query[dict[str, Any]]) -> None:
        """Answer nothing."""
