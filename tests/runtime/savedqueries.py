"""Classes whose saved queries and options migrate; a data source of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pluginv2 import backend_pb2 as pb

from gfruntime import Frame, Query, Settings
from gfruntime.author.ui import Secret, Ui
from gfruntime.calls import convert
from gfruntime.request.config import GrafanaConfig


@dataclass(frozen=True)
class Row:
    """A row, whose own `migrate` is never called: only whole queries are migrated."""

    column: str = ""

    @staticmethod
    def migrate(_old: dict[str, Any]) -> dict[str, Any]:
        raise AssertionError


@dataclass(frozen=True)
class Same:
    """The current fields of `Model`, without `migrate`."""

    series: Annotated[str, Ui(required=True)] = "sales"
    window: Annotated[float, Ui(minimum=1, maximum=60)] = 5.0
    mode: Literal["sum", "mean"] = "sum"
    every: Annotated[int, Ui(maximum=9, show_if={"mode": ["mean"]})] = 1
    rows: list[Row] = field(default_factory=list)
    version: Annotated[int, Ui(widget="hidden")] = 2


@dataclass(frozen=True)
class Model(Same):
    """Before version 2 `series` was `table`, and the window was in seconds."""

    @staticmethod
    def migrate(old: dict[str, Any]) -> dict[str, Any]:
        if old.get("version", 1) == 1:
            if "table" in old:
                old["series"] = old.pop("table")
            old["window"] = float(old.get("window", 300)) / 60
            old["version"] = 2
        if old.get("mode") == "average":
            old["mode"] = "mean"
        return old


@dataclass(frozen=True)
class Names:
    """A variable's query: its `migrate` is a class method."""

    of: str = "tables"

    @classmethod
    def migrate(cls, old: dict[str, Any]) -> dict[str, Any]:
        return {**old, "of": old.get("of", old.get("list", "tables"))}


@dataclass(frozen=True)
class Options:
    """Options with a renamed one; the secret and the URL have their own stores."""

    host: str = "localhost"
    url: Annotated[str, Ui(store="url")] = ""
    token: Secret = Secret("")  # noqa: RUF009 - immutable

    @staticmethod
    def migrate(old: dict[str, Any]) -> dict[str, Any]:
        if "token" in old or "url" in old:
            raise AssertionError
        if "server" in old:
            old["host"] = old.pop("server")
        return old


class Source:
    """A data source that answers with its query."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Keep an option."""
        self.host = settings.options.host

    def query(self, query: Query[Model]) -> Frame:
        return Frame.of(host=[self.host], series=[query.model.series], window=[query.model.window])

    def query_variable(self, query: Query[Names]) -> Frame:
        return Frame.of(of=[query.model.of])


def model_of(migrate: Any, *, kind: type = staticmethod) -> Any:
    """Make a model with this `migrate`."""
    return dataclass(frozen=True)(type("Broken", (), {"__annotations__": {}, "migrate": kind(migrate)}))


def settings(options: dict[str, Any], **secrets: str) -> Settings[Options]:
    """Convert a data source's settings."""
    message = pb.DataSourceInstanceSettings(
        jsonData=json.dumps(options).encode(), url="http://x", decryptedSecureJsonData=secrets
    )
    return convert.settings(message, options_type=Options, config=GrafanaConfig({}))
