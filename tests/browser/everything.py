"""A data source with every kind of field, and its module.js."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, Protocol

from gfplug.bundle.frontend import linker
from gfplug.bundle.frontend.hooks import parse
from gfruntime.author.examples import Example
from gfruntime.author.routes import route
from gfruntime.author.schema import describe
from gfruntime.author.ui import HttpOptions, Secret, Ui
from gfruntime.request.services import Request, TagRequest  # noqa: TC001 - the schema is read from it
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
    """The class that ties the two together."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[Model]) -> None:
        """Answer nothing."""


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
    """A data source that takes SQL."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[SqlModel]) -> None:
        """Answer nothing."""


@dataclass(frozen=True)
class ValuesModel:
    """SQL whose variables are values, and choices that it offers."""

    sql: Annotated[str, Ui(label="SQL", widget="code", language="sql", variables="values", options_from="names")] = ""


class ValuesDatasource:
    """A data source that takes it."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[ValuesModel]) -> None:
        """Answer nothing."""

    @route("GET", "/names")
    def names(self, _request: Request) -> list[str]:
        """List nothing."""
        return []


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
    """Choices from the plugin, fields that come and go, a section, and rows."""

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
    """What a variable asks."""

    of: Annotated[Literal["tables", "columns"], Ui(label="List")] = "tables"
    table: Annotated[str, Ui(show_if={"of": ["columns"]})] = ""


@dataclass(frozen=True)
class Events:
    """What an annotation asks."""

    severity: Annotated[int, Ui(label="Severity", minimum=1)] = 3


class Wide:
    """A data source with everything that takes more than one control, and forms of their own."""

    def __init__(self, settings: Settings[WideOptions]) -> None:
        """Take the settings."""

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
    """The class that holds them."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[BoundModel]) -> None:
        """Answer nothing."""


@dataclass(frozen=True)
class AgedOptions:
    """Options of which one had another name."""

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
        """Make minutes of seconds."""
        if "seconds" in old:
            return {**old, "minutes": int(old.pop("seconds")) // 60, "version": 2}
        return old


@dataclass(frozen=True)
class AgedNames:
    """What a variable asks."""

    of: Annotated[str, Ui(label="List")] = "tables"

    @staticmethod
    def migrate(old: dict[str, Any]) -> dict[str, Any]:
        """Rename the list."""
        return {**old, "of": old.pop("list")} if "list" in old else old


class Aged:
    """A data source that has changed since its dashboards were saved."""

    def __init__(self, settings: Settings[AgedOptions]) -> None:
        """Take the settings."""

    def query(self, query: Query[AgedModel]) -> None:
        """Answer nothing."""

    def query_variable(self, query: Query[AgedNames]) -> None:
        """Answer nothing."""


@dataclass(frozen=True)
class ShowyModel:
    """A control of the project's own, a field for one app, values that are remembered, and ad hoc filters."""

    table: Annotated[str, Ui(label="Table", required=True)] = "sales"
    note: Annotated[str, Ui(label="Note", apps=["explore"])] = ""
    mode: Annotated[Literal["raw", "sum"], Ui(label="Mode", widget="radio", remember=True)] = "raw"
    window: Annotated[Window, Ui(label="Window", remember=True)] = Window()


class Showy:
    """A data source with examples, whose queries can be filtered."""

    examples = (
        Example("Orders", ShowyModel(table="orders", window=Window(size=7)), "Seven minutes each."),
        Example("All", ShowyModel(mode="sum")),
    )

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[ShowyModel]) -> None:
        """Answer nothing."""

    def get_tag_keys(self, _request: TagRequest) -> list[str]:
        """List no key."""
        return []

    def get_tag_values(self, _key: str, _request: TagRequest) -> list[str]:
        """List no value."""
        return []

    def query_variable(self, query: Query[ShowyModel]) -> None:
        """Answer nothing."""


class Formless:
    """A data source whose queries have no fields, and can be filtered."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[dict[str, Any]]) -> None:
        """Answer nothing."""

    def get_tag_keys(self, _request: TagRequest) -> list[str]:
        """List no key."""
        return []


SHOWY_HOOKS = """
const { createElement } = require('react');
const { Input } = require('@grafana/ui');
exports.fields = {
  table: ({ id, value, onChange, onCommit, disabled, query, datasource }) =>
    createElement(Input, {
      id,
      disabled,
      value,
      'data-own': `${query.refId} ${datasource.uid}`,
      onChange: (event) => onChange(event.currentTarget.value.toUpperCase()),
      onBlur: onCommit,
    }),
};
exports.configFields = {
  timeout: ({ id, value, onChange, options }) =>
    createElement('input', {
      id,
      type: 'range',
      min: 1,
      max: 300,
      value,
      title: options.url,
      onChange: (event) => onChange(Number(event.currentTarget.value)),
    }),
};
"""


class Level(Enum):
    """Choices with labels of their own."""

    LOW = 1
    VERY_HIGH = 2


@dataclass(frozen=True)
class Record:
    """A section whose type is called as one of TypeScript's own, and what can be None."""

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
    """What is hard to write down: signs in texts, names of JavaScript, names that meet, None in every place."""

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
    """A data source whose editors are hard to write down."""

    def __init__(self, settings: Settings[OddOptions]) -> None:
        """Take the settings."""

    def query(self, query: Query[OddModel]) -> None:  # type: ignore[override]  # another model
        """Answer nothing."""

    def query_variable(self, query: Query[SqlModel]) -> None:  # type: ignore[override]  # as above
        """Answer nothing."""


class Plain:
    """A data source without fields."""

    def query(self, query: Query[dict[str, Any]]) -> None:
        """Answer nothing."""


LOCALES = {
    "de": {
        "Table": "Tabelle",
        "{label} is required": "{label} fehlt",
        "Add to {label}": "{label}: hinzufügen",
        "Filters": "Filter",
        "sum": "Summe",
    }
}


class Evaluate(Protocol):
    """Evaluates a JavaScript expression beside a loaded module.js."""

    def __call__(
        self,
        expression: str,
        *,
        hooks: str = "",
        source: type = Datasource,
        language: str = "",
        socks: bool = False,
    ) -> Any:
        """Return the value, by way of JSON."""


@functools.cache
def module(hooks: str = "", *, source: type = Datasource) -> str:
    """Link the schema of a data source above with the text of a hooks.js."""
    schema = describe(source, plugin_id="acme-sales-datasource")
    return linker.link(schema, hooks=parse(hooks), locales=LOCALES, banner="acme-sales-datasource")
