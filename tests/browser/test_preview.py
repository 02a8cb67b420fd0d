"""The page of `gfplug preview` in headless Chromium, with a fake server."""

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
    """A data source with variables, annotations and filters."""

    def __init__(self, settings: Settings[Options]) -> None:
        """Ignore the settings."""

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


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Write the shop's module.js, before and after a save; return the environment variables for the tests."""
    folder = tmp_path_factory.mktemp("modules")
    for name, source in {"plugin": Shop, "changed": ChangedShop}.items():
        (folder / f"{name}.js").write_text(module(source=source), encoding="utf-8")
    shots = Path(os.environ.get("GFPLUG_SCREENSHOTS", folder))
    return {"PLUGIN": str(folder / "plugin.js"), "CHANGED": str(folder / "changed.js"), "SCREENSHOTS": str(shots)}


def passes(name: str, *, tests: int, packages: str, places: dict[str, str]) -> None:
    """Run a file of tests with the page for these packages."""
    page = grafana.page(packages)
    shots = Path(places["SCREENSHOTS"]) / f"preview-{page.version}"
    shots.mkdir(parents=True, exist_ok=True)
    environment = {**places, "SCREENSHOTS": str(shots), "VERSION": page.version, "ASSETS": str(page.folder)}
    grafana.passes_alone(name, tests=tests, version=packages, **environment)


PACKAGES = ["13", pytest.param("11", marks=pytest.mark.long)]


@pytest.mark.parametrize("packages", PACKAGES)
def test_the_page_shows_the_plugin(packages: str, places: dict[str, str]) -> None:
    """Editors, panels, variables, a save, streams, alert rules, hostile texts, accessibility and speed are tested."""
    passes("preview.test.mjs", tests=22, packages=packages, places=places)


@pytest.mark.parametrize("packages", PACKAGES)
def test_the_page_stays_as_it_is_while_something_changes(packages: str, places: dict[str, str]) -> None:
    """Nothing moves under the pointer, no older answer replaces a newer one, and no choice is lost."""
    passes("preview_changes.test.mjs", tests=17, packages=packages, places=places)
