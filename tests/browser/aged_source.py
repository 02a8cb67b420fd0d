"""A data source whose options and queries were saved in an older form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from gfruntime.author.ui import Ui
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


@dataclass(frozen=True)
class AgedOptions:
    """Options, one of which had another name."""

    host: Annotated[str, Ui(label="Host")] = ""
    port: Annotated[int, Ui(label="Port")] = 80

    @staticmethod
    def migrate(old: dict[str, Any]) -> dict[str, Any]:
        """Rename the server."""
        return {"host": old.pop("server"), **old} if "server" in old else old


@dataclass(frozen=True)
class AgedModel:
    """A query whose window was in seconds until version 2."""

    table: Annotated[str, Ui(label="Table", required=True)] = "sales"
    minutes: Annotated[int, Ui(label="Minutes", minimum=1, required=True)] = 5
    sql: Annotated[str, Ui(label="SQL", widget="code", language="sql", show_if={"table": ["sql"]})] = ""
    version: Annotated[int, Ui(widget="hidden")] = 2

    @staticmethod
    def migrate(old: dict[str, Any]) -> dict[str, Any]:
        """Convert seconds to minutes."""
        if "seconds" in old:
            return {**old, "minutes": int(old.pop("seconds")) // 60, "version": 2}
        return old


@dataclass(frozen=True)
class AgedNames:
    """A variable's query."""

    of: Annotated[str, Ui(label="List")] = "tables"

    @staticmethod
    def migrate(old: dict[str, Any]) -> dict[str, Any]:
        """Rename the list."""
        return {**old, "of": old.pop("list")} if "list" in old else old


class Aged:
    """A data source that has changed since its dashboards were saved."""

    def __init__(self, settings: Settings[AgedOptions]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[AgedModel]) -> None:
        """Answer nothing."""

    def query_variable(self, query: Query[AgedNames]) -> None:
        """Answer nothing."""
