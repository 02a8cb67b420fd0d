"""A data source with every kind of field, and its module.js."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

from gfplug import frontend, resources
from gfruntime.backend import Query, Settings  # noqa: TC001 - the schema is read from these annotations
from gfruntime.schema import describe
from gfruntime.ui import Secret, Ui

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    """The class that ties the two together."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[Model]) -> None:
        """Answer nothing."""


class Evaluate(Protocol):
    """Evaluates a JavaScript expression beside a loaded module.js."""

    def __call__(self, expression: str, *, hooks: Mapping[str, str] | None = None) -> Any:
        """Return the value, by way of JSON."""


def module(hooks: Mapping[str, str] | None = None) -> str:
    """Link the stub with the schema of the data source above."""
    folder = resources.folder("template") / "project/frontend/stub"
    stub = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.js")}
    described = describe(Datasource, plugin_id="acme-sales-datasource")
    return frontend.link(stub, described, hooks=hooks, banner="acme-sales-datasource")
