"""A data source whose queries have every kind of limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from gfruntime.author.ui import Ui
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these annotations


@dataclass(frozen=True)
class Row:
    """A row of a query."""

    size: Annotated[int, Ui(maximum=9)] = 1
    unit: Literal["s", "m"] = "s"


@dataclass(frozen=True)
class Model:
    """A field for each kind of limit."""

    series: Annotated[int, Ui(minimum=1, maximum=1000)] = 1
    hertz: Annotated[float, Ui(maximum=50)] = 5.0
    mode: Literal["sum", "mean"] = "sum"
    level: Literal[1, 2] = 1
    name: Annotated[str, Ui(pattern="[a-z]*")] = ""
    table: Annotated[str, Ui(required=True)] = "t"
    tags: Annotated[list[str], Ui(pattern="[a-z]+")] = field(default_factory=list)
    ports: Annotated[list[int], Ui(maximum=9)] = field(default_factory=list)
    kinds: list[Literal["a", "b"]] = field(default_factory=list)
    row: Row = Row()
    rows: list[Row] = field(default_factory=list)
    some: Annotated[str, Ui(required=True, show_if={"mode": ["mean"]})] = "x"
    part: Annotated[int, Ui(maximum=5, show_if={"mode": ["mean"]})] = 1
    maybe: Annotated[int, Ui(maximum=5)] | None = None
    wide: bool = False
    version: Annotated[int, Ui(widget="hidden", maximum=5)] = 1


@dataclass(frozen=True)
class Names:
    """The fields of a variable's query."""

    limit: Annotated[int, Ui(maximum=10)] = 1


class Datasource:
    """A data source whose variables have their own form."""

    def __init__(self, settings: Settings[dict[str, Any]]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[Model]) -> None:
        """Return no frames."""

    def query_variable(self, query: Query[Names]) -> None:
        """Return no values."""
