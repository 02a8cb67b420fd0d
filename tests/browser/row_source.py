"""A data source that needs several controls per field: sections, rows, choices from the plugin, several forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from gfruntime.author.routes import route
from gfruntime.author.ui import HttpOptions, Ui
from gfruntime.request.services import Request  # noqa: TC001 - the schema is read from it
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


@dataclass(frozen=True)
class Cache:
    """Options inside options."""

    enabled: bool = False
    seconds: Annotated[int, Ui(label="Seconds", minimum=1, show_if={"cache.enabled": [True]})] = 60


@dataclass(frozen=True)
class Tenant:
    """A row of the options."""

    name: str = ""


@dataclass(frozen=True)
class WideOptions:
    """Grafana's HTTP settings, a section, and rows."""

    http: HttpOptions = HttpOptions()  # noqa: RUF009 - frozen
    cache: Annotated[Cache, Ui(label="Cache")] = Cache()
    tenants: Annotated[list[Tenant], Ui(label="Tenants")] = field(default_factory=list)


@dataclass(frozen=True)
class Filter:
    """A row of a query."""

    column: Annotated[str, Ui(label="Column", options_from="columns?table={table}")] = ""
    operator: Annotated[Literal["=", "!="], Ui(label="Operator")] = "="
    value: str = ""


@dataclass(frozen=True)
class Window:
    """A section of a query."""

    size: Annotated[int, Ui(label="Size", minimum=1)] = 5
    unit: Annotated[Literal["s", "m"], Ui(label="Unit")] = "m"


@dataclass(frozen=True)
class WideModel:
    """Choices from the plugin, fields shown under conditions, a section, and rows."""

    table: Annotated[str, Ui(label="Table", options_from="tables", required=True)] = ""
    columns: Annotated[list[str], Ui(label="Columns", options_from="columns?table={table}")] = field(
        default_factory=list
    )
    mode: Annotated[Literal["raw", "sum"], Ui(label="Mode", widget="radio")] = "raw"
    every: Annotated[int, Ui(label="Every", show_if={"mode": ["sum"]}, required=True)] = 60
    window: Annotated[Window, Ui(label="Window")] = Window()
    filters: Annotated[list[Filter], Ui(label="Filters")] = field(default_factory=list)


@dataclass(frozen=True)
class Names:
    """A variable's query."""

    of: Annotated[Literal["tables", "columns"], Ui(label="List")] = "tables"
    table: Annotated[str, Ui(show_if={"of": ["columns"]})] = ""


@dataclass(frozen=True)
class Events:
    """An annotation's query."""

    severity: Annotated[int, Ui(label="Severity", minimum=1)] = 3


class Wide:
    """A data source whose fields need several controls, with forms for variables and annotations."""

    def __init__(self, settings: Settings[WideOptions]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[WideModel]) -> None:
        """Answer nothing."""

    @route("GET", "/tables")
    def tables(self, _request: Request) -> list[str]:
        """List no choice."""
        return []

    @route("GET", "/columns")
    def columns(self, _request: Request) -> list[str]:
        """List no choice."""
        return []

    def query_variable(self, query: Query[Names]) -> None:
        """Answer nothing."""

    def query_annotation(self, query: Query[Events]) -> None:
        """Answer nothing."""
