"""Dataclasses of every kind, and descriptions of forms with one field."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NewType

from gfruntime.author.routes import route
from gfruntime.author.schema import describe
from gfruntime.author.ui import Ui
from gfruntime.request.vocabulary import Query, Settings

Table = NewType("Table", str)


class Aggregation(enum.Enum):
    """Choices with labels."""

    AVERAGE = "avg"
    P95 = "p95"


class Level(enum.IntEnum):
    """Choices that are numbers."""

    LOW = 1
    HIGH = 2


@dataclass(frozen=True)
class Node:
    """A dataclass that contains itself."""

    child: Node | None = None


@dataclass(frozen=True)
class Window:
    """A dataclass that may stand inside another."""

    size: Annotated[int, Ui(minimum=1)] = 5
    unit: Literal["s", "m"] = "m"


@dataclass(frozen=True)
class Deep:
    """A dataclass that may not stand inside another: it contains one itself."""

    window: Window = Window()


@dataclass(frozen=True)
class Note:
    """A dataclass whose text needs more than a line."""

    text: Annotated[str, Ui(widget="textarea")] = ""


def datasource(*, options: Any = dict, model: Any = dict) -> type:
    """Make a data source class for an options type and a query model."""

    class Datasource:
        def __init__(self, settings: Any) -> None: ...
        def query(self, query: Any) -> None: ...
        @route("GET", "/tables")
        def tables(self, request: Any) -> None: ...
        @route("GET", "/tables/{table}/columns")
        def columns(self, request: Any, table: str) -> None: ...
        @route("POST", "/changes")
        def change(self, request: Any) -> None: ...

    Datasource.__init__.__annotations__ = {"settings": Settings[options]}
    Datasource.query.__annotations__ = {"query": Query[model]}
    return Datasource


def one(hint: Any, default: Any, *, config: bool = False, name: str = "f") -> dict[str, Any]:
    """Describe a form of one field, and return that field."""
    value = field(default_factory=default) if callable(default) else field(default=default)
    form = dataclasses.make_dataclass("Options" if config else "Model", [(name, hint, value)], frozen=True)
    description = describe(datasource(options=form) if config else datasource(model=form))
    (described_field,) = description["config" if config else "query"]["fields"]
    assert isinstance(described_field, dict)
    return described_field
