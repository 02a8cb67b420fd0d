"""A data source whose fields have bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from field_source import Options  # noqa: TC002 - the schema is read from it

from gfruntime.author.ui import Ui
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


@dataclass(frozen=True)
class BoundModel:
    """A bound of each kind."""

    name: Annotated[str, Ui(label="Name", pattern=r"[a-z]\d+|")] = ""
    mode: Annotated[Literal["raw", "sum"], Ui(label="Mode")] = "raw"
    level: Annotated[Literal[1, 2], Ui(label="Level")] = 1
    tags: Annotated[list[str], Ui(label="Tags", pattern="[a-z]+")] = field(default_factory=list)
    ports: Annotated[list[int], Ui(label="Ports", minimum=1, maximum=9)] = field(default_factory=list)
    kinds: Annotated[list[Literal["a", "b"]], Ui(label="Kinds")] = field(default_factory=list)
    share: Annotated[float, Ui(label="Share", minimum=0, maximum=1)] = 0.5
    table: Annotated[str, Ui(label="Table", required=True)] = "t"
    some: Annotated[str, Ui(label="Some", required=True, show_if={"mode": ["sum"]})] = ""
    part: Annotated[int, Ui(label="Part", maximum=5, show_if={"mode": ["sum"]})] = 1


class Bound:
    """A data source with queries of `BoundModel`."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[BoundModel]) -> None:
        """Answer nothing."""
