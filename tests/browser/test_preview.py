"""The page of `gfplug preview` in headless Chromium, with a server of made-up answers behind it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import grafana
import pytest
from linked_module import module
from row_source import Events, Names  # noqa: TC002 - the schema is read from these

from gfruntime.author.routes import route
from gfruntime.author.ui import Secret, Ui
from gfruntime.request.services import Request, TagRequest  # noqa: TC001 - the schema is read from it
from gfruntime.request.vocabulary import Query, Settings  # noqa: TC001 - the schema is read from these

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Options:
    """A config page with a secret."""

    token: Annotated[Secret, Ui(label="API token")] = field(default_factory=Secret)
    timeout: Annotated[int, Ui(label="Timeout", minimum=1)] = 10


@dataclass(frozen=True)
class Model:
    """A query with choices from the plugin."""

    table: Annotated[str, Ui(label="Table", options_from="tables", required=True)] = "sales"
    regions: Annotated[list[str], Ui(label="Regions")] = field(default_factory=lambda: ["north"])


class Shop:
    """A data source with variables, annotations and filters of its own."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Take the settings."""

    def query(self, query: Query[Model]) -> None:
        """Answer nothing."""

    @route("GET", "/tables")
    def tables(self, _request: Request) -> list[str]:
        """List no choice."""
        return []

    def query_variable(self, query: Query[Names]) -> None:
        """Answer nothing."""

    def query_annotation(self, query: Query[Events]) -> None:
        """Answer nothing."""

    def get_tag_keys(self, _request: TagRequest) -> list[str]:
        """List no key."""
        return []

    def get_tag_values(self, _key: str, _request: TagRequest) -> list[str]:
        """List no value."""
        return []


@dataclass(frozen=True)
class LongerModel(Model):
    """The same query after its author added a field."""

    note: Annotated[str, Ui(label="Note")] = ""


class ChangedShop(Shop):
    """The same data source after a save."""

    def query(self, query: Query[LongerModel]) -> None:  # type: ignore[override]  # another model
        """Answer nothing."""


@pytest.mark.parametrize("packages", ["13", pytest.param("11", marks=pytest.mark.long)])
def test_the_page_shows_the_plugin(packages: str, tmp_path: Path) -> None:
    """Editors, panels, variables, a save, streams, alert rules, hostile texts, accessibility, and how quick it is."""
    page = grafana.page(packages)
    shots = Path(os.environ.get("GFPLUG_SCREENSHOTS", tmp_path)) / f"preview-{page.version}"
    shots.mkdir(parents=True, exist_ok=True)
    for name, source in {"plugin": Shop, "changed": ChangedShop}.items():
        (tmp_path / f"{name}.js").write_text(module(source=source), encoding="utf-8")
    grafana.passes_alone(
        "preview.test.mjs",
        tests=22,
        version=packages,
        VERSION=page.version,
        ASSETS=str(page.folder),
        PLUGIN=str(tmp_path / "plugin.js"),
        CHANGED=str(tmp_path / "changed.js"),
        SCREENSHOTS=str(shots),
    )
