"""A small model of a query, and the React sources of a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from gfplug.scaffold.react.sources import FOLDER, write_sources
from gfruntime.author.forms import form
from gfruntime.author.ui import Ui


def sources(model: Any, options: Any = dict[str, Any], **own: Any) -> dict[str, str]:
    """Write the sources for a query's dataclass, by their names in `frontend/src`."""
    schema = {
        "config": {"fields": form(options, config=True)},
        "query": {"fields": form(model)},
        "own": {kind: {"fields": form(each)} for kind, each in own.items()},
        "capabilities": {"annotations": True, "variables": True},
    }
    return {path.removeprefix(FOLDER): content.decode() for path, content in write_sources(schema).items()}


@dataclass(frozen=True)
class Window:
    """A section of the form."""

    size: Annotated[int, Ui(minimum=1)] = 5


@dataclass(frozen=True)
class Model:
    """Some fields of a query."""

    table: Annotated[str, Ui(label="Table", required=True, help="Where from.")] = "sales"
    mode: Literal["raw", "sum"] = "raw"
    every: Annotated[int | None, Ui(show_if={"mode": ["sum"]})] = None
    window: Window = Window()
