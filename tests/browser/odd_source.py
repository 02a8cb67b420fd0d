"""A data source whose editors are hard to write as code: special characters, names of JavaScript, None everywhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Literal

from row_source import Tenant, Wide
from sql_source import SqlModel  # noqa: TC002 - the schema is read from it

from gfruntime.author.ui import Secret, Ui
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these


class Level(Enum):
    """Choices with labels."""

    LOW = 1
    VERY_HIGH = 2


@dataclass(frozen=True)
class Record:
    """A section whose type has the name of a TypeScript type, and fields that can be None."""

    default: str | None = "d"
    new: int | None = 5
    on: bool | None = None
    kind: Literal["a", "b"] | None = None
    query: Annotated[
        str, Ui(widget="code", language="sql", show_if={"record.kind": ["a", "b"], "record.on": [True]})
    ] = ""


@dataclass(frozen=True)
class Address:
    """A row with its own condition and choices."""

    kind: Literal["a", "it's"] = "a"
    class_: Annotated[str, Ui(label="Class", options_from="columns?kind={kind}&table={table}&size={record.new}")] = ""
    port: Annotated[int | None, Ui(minimum=1, required=True, show_if={"kind": ["it's"]})] = 80
    levels: list[Level] = field(default_factory=list)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class OddModel:
    """Fields that are hard to write as code: special characters, JavaScript's names, colliding names, None values."""

    table: Annotated[str, Ui(label="""It's "a" <b> {c} & \\d ${e} `f`""", help="two\nlines", placeholder='"x" {y}')] = (
        "'"
    )
    problem: Annotated[str, Ui(widget="textarea", rows=3, required=True, pattern=r"[a-z\\'\"]+")] = "a"
    path: Annotated[str | None, Ui(options_from="tables", section="A & 'B'")] = None
    defaults: Annotated[list[int], Ui(options_from="columns?table={table}", section="A & 'B'")] = field(
        default_factory=list
    )
    options: Annotated[Literal["x", "y"], Ui(widget="radio")] = "x"
    choice: Annotated[Level, Ui(show_if={"options": ["x", "y"], "active": [False]})] = Level.LOW
    active: bool = False
    levels: Annotated[list[Level], Ui(required=True)] = field(default_factory=lambda: [Level.VERY_HIGH])
    ratios: Annotated[list[float], Ui(minimum=0.5, maximum=2)] = field(default_factory=lambda: [1.5])
    json: Annotated[str, Ui(widget="code", language="json", rows=3)] = "{}"
    maybe: Annotated[str | None, Ui(widget="code")] = None
    hidden_choice: Annotated[Literal["p", "q"], Ui(widget="hidden")] = "p"
    hidden_list: Annotated[list[str], Ui(widget="hidden")] = field(default_factory=list)
    record: Annotated[Record, Ui(show_if={"hidden_choice": ["p"]})] = Record()
    addresses: Annotated[list[Address], Ui(help="Rows", required=True, show_if={"active": [True]})] = field(
        default_factory=list
    )


@dataclass(frozen=True)
class OddOptions:
    """A config page of the same kind."""

    address: Annotated[str, Ui(label="URL", store="url")] = "http://a"
    mode: Annotated[Literal["a", "b"] | None, Ui(required=True)] = None
    options: Annotated[Literal["x", "y"], Ui(widget="radio")] = "x"
    names: Annotated[list[str], Ui(required=True)] = field(default_factory=list)
    script: Annotated[str, Ui(widget="code", show_if={"mode": ["a", None], "address": ["http://a"]})] = ""
    key: Annotated[Secret, Ui(pattern="[a-z]+", show_if={"mode": ["a"]})] = field(default_factory=Secret)
    record: Record = Record()
    addresses: Annotated[list[Tenant], Ui(required=True)] = field(default_factory=lambda: [Tenant("t")])


class Odd(Wide):
    """A data source whose editors are hard to write as code."""

    def __init__(self, settings: Settings[OddOptions]) -> None:
        """Ignore the settings."""

    def query(self, query: Query[OddModel]) -> None:  # type: ignore[override]  # another model
        """Answer nothing."""

    def query_variable(self, query: Query[SqlModel]) -> None:  # type: ignore[override]  # as above
        """Answer nothing."""
