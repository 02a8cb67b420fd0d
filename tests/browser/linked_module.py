"""The module.js of a data source, as the linker builds it."""

from __future__ import annotations

import functools
from typing import Any, Protocol

from field_source import Datasource

from gfplug.bundle.frontend import linker
from gfplug.bundle.frontend.hooks import parse
from gfruntime.author.schema import describe

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
        """Return the value, passed as JSON."""


@functools.cache
def module(hooks: str = "", *, source: type = Datasource) -> str:
    """Link the schema of a data source with the text of a hooks.js."""
    schema = describe(source, plugin_id="acme-sales-datasource")
    return linker.link(schema, hooks=parse(hooks), locales=LOCALES, banner="acme-sales-datasource")
