"""A data source with every control: text, number, choice, list, switch and secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from gfruntime.author.ui import Secret, Ui
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


@dataclass(frozen=True)
class Options:
    """A config page with every place to keep an option."""

    url: Annotated[str, Ui(label="API URL", store="url", required=True, placeholder="http://api:8000")] = ""
    token: Annotated[Secret, Ui(label="API token", section="Authentication", required=True)] = field(
        default_factory=Secret
    )
    key: Annotated[Secret, Ui(label="Key", section="Authentication", widget="textarea")] = field(default_factory=Secret)
    timeout: Annotated[float, Ui(label="Timeout", help="In seconds.", minimum=1, maximum=300)] = 10.0
    verify: Annotated[bool, Ui(label="Verify TLS")] = True
    retries: int = 3


@dataclass(frozen=True)
class Model:
    """A query editor with every control."""

    table: Annotated[str, Ui(label="Table", help="Where from.", required=True)] = "sales"
    mode: Annotated[Literal["raw", "sum"], Ui(label="Mode", widget="radio")] = "raw"
    group: Annotated[Literal["host", "region"] | None, Ui(label="Group by")] = None
    columns: Annotated[list[Literal["time", "value"]], Ui(label="Columns")] = field(default_factory=list)
    hosts: Annotated[list[str], Ui(label="Hosts")] = field(default_factory=list)
    ports: Annotated[list[int], Ui(label="Ports")] = field(default_factory=list)
    limit: Annotated[int, Ui(label="Limit", minimum=1, maximum=5000)] = 100
    fill: Annotated[bool, Ui(label="Fill gaps")] = False
    note: Annotated[str, Ui(label="Note", widget="textarea")] = ""
    version: Annotated[int, Ui(widget="hidden")] = 1


class Datasource:
    """A data source with both forms."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[Model]) -> None:
        """Answer nothing."""
