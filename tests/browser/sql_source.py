"""Data sources whose queries are SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from field_source import Options  # noqa: TC002 - the schema is read from it

from gfruntime.author.routes import route
from gfruntime.author.ui import Ui
from gfruntime.request.services import Request  # noqa: TC001 - the schema is read from it
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


@dataclass(frozen=True)
class Section:
    """A section with SQL in it."""

    where: Annotated[str, Ui(label="Where", widget="code", language="mysql")] = ""


@dataclass(frozen=True)
class SqlModel:
    """Fields of SQL, and others beside them."""

    sql: Annotated[str, Ui(label="SQL", widget="code", language="sql")] = ""
    json: Annotated[str, Ui(label="JSON", widget="code", language="json")] = ""
    note: str = ""
    options: Section = Section()


class SqlDatasource:
    """A data source with SQL queries."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[SqlModel]) -> None:
        """Answer nothing."""


@dataclass(frozen=True)
class ValuesModel:
    """SQL whose variables are values, and whose editor offers choices."""

    sql: Annotated[str, Ui(label="SQL", widget="code", language="sql", variables="values", options_from="names")] = ""


class ValuesDatasource:
    """A data source with such SQL."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[ValuesModel]) -> None:
        """Answer nothing."""

    @route("GET", "/names")
    def names(self, _request: Request) -> list[str]:
        """List no choice."""
        return []
