"""Test a data source in a browser: `gfplug preview` serves the page, playwright drives it.

pytest_plugins = ["gfruntime.testing.preview"]

def test_editor(preview: Preview) -> None:
    preview.query("A").fill("Table", "sales")
    assert preview.panel().series == ["north", "south"]

A test with this fixture is skipped, with the reason, if gfplug, the preview's page, playwright or Chromium is missing.
One server and one browser serve all tests; each test has its own page.

PYTEST_DONT_REWRITE: a test module that names this plugin imports its classes first.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gfruntime.testing.preview_process import NO_PLAYWRIGHT, read_settings, restore_settings, run_browser, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WAIT_SECONDS = 60
_MILLISECONDS = 15_000
_IS_LOADED = f"""
new Promise((resolve, reject) => {{
  const end = Date.now() + {_MILLISECONDS};
  const look = () =>
    window.gfplugPreview ? resolve() :
    Date.now() > end ? reject(new Error(`the page did not load: ${{document.body.innerText.slice(0, 500)}}`)) :
    setTimeout(look, 20);
  look();
}})
"""


@dataclass(frozen=True)
class Panel:
    """The content of a panel after its queries were answered.

    >>> Panel(state="Done", series=["north"]).series
    ['north']
    """

    state: str
    """`Done`, `Error`, or `Streaming`."""
    series: Sequence[str] = ()
    """The names of the series, as in the legend."""
    frames: Sequence[Mapping[str, Any]] = ()
    """The frames, in Grafana's frame JSON."""
    errors: Sequence[Mapping[str, Any]] = ()
    """The errors: `refId`, `message`, `status`, `source`."""
    notices: Sequence[Mapping[str, Any]] = ()
    """The notices of the frames: `severity`, `text`."""


class Form:
    """A query editor or the config page; the methods take the labels of its controls.

    >>> def test_editor(preview):  # doctest: +SKIP
    ...     preview.query("A").fill("Table", "sales").choose("Unit", "percent")
    """

    def __init__(self, preview: Preview, region: Any) -> None:  # noqa: ANN401  # playwright's
        """Keep a region of the page; `region` is its locator."""
        self._preview = preview
        self.region = region

    def fill(self, label: str, value: object) -> Form:
        """Replace a control's value by typing."""
        control = self._control(label)
        control.fill(str(value))
        control.press("Tab")
        return self._wait_and_return()

    def choose(self, label: str, option: str) -> Form:
        """Choose an option of a list by the option's text."""
        self._control(label).click()
        self._preview.page.get_by_role("option", name=option, exact=True).first.click()
        return self._wait_and_return()

    def check(self, label: str, *, on: bool = True) -> Form:
        """Turn a switch on, or off."""
        self._control(label).set_checked(on, force=True)
        return self._wait_and_return()

    def value(self, label: str) -> str:
        """Return the text of a control."""
        return str(self._control(label).input_value())

    def _control(self, label: str) -> Any:  # noqa: ANN401  # playwright's
        return self.region.get_by_label(label, exact=True).first

    def _wait_and_return(self) -> Form:
        self._preview.wait()
        return self


class Preview:
    """A page of `gfplug preview`; `page` is the playwright object, for anything that this class does not offer.

    >>> def test_editor(preview):  # doctest: +SKIP
    ...     preview.query("A").fill("Table", "sales")
    ...     assert preview.panel().series == ["north", "south"]
    """

    def __init__(self, page: Any, url: str) -> None:  # noqa: ANN401  # playwright's
        """Open the preview's address in a page, and wait until the plugin is loaded."""
        self.page = page
        self.url = url
        self._view = ""
        self._show("query")

    def query(self, ref_id: str = "A") -> Form:
        """Go to the queries, and return the editor of a query."""
        self._show("query")
        return Form(self, self.page.get_by_role("region", name=f"Query {ref_id}", exact=True))

    def config(self) -> Form:
        """Go to the config page, and return its editor."""
        self._show("config")
        return Form(self, self.page.get_by_role("region", name="Config page", exact=True))

    def save(self) -> Mapping[str, Any]:
        """Press *Save & test*, and return the result that the page shows; its `status` is `success` or `error`."""
        self._show("config")
        self.page.get_by_role("button", name="Save & test", exact=True).click()
        self.wait()
        return dict(self._ask("health()") or {})

    def panel(self) -> Panel:
        """Wait until all queries are answered, and return the content of the panel."""
        self.wait()
        content = self._ask("panel()")
        return Panel(**{name: content[name] for name in ("state", "series", "frames", "errors", "notices")})

    def ask(self, *queries: Mapping[str, Any]) -> Panel:
        """Run other queries, in the form that dashboards save, and return the content of the panel."""
        targets = [{"refId": chr(ord("A") + at), **query} for at, query in enumerate(queries)]
        self._ask(f"setQueries({json.dumps(targets)})")
        return self.panel()

    def set_time_range(self, start: str, end: str = "now") -> None:
        """Choose a time range, such as `now-1h`."""
        self._ask(f"setTimeRange({json.dumps(start)}, {json.dumps(end)})")
        self.wait()

    def set_variables(self, **values: str | Sequence[str]) -> None:
        """Set the values of dashboard variables; a list sets several values."""
        variables = {name: value if isinstance(value, str) else list(value) for name, value in values.items()}
        self._ask(f"setVariables({json.dumps(variables)})")
        self.wait()

    def wait(self) -> None:
        """Wait until the page has no open requests; after a minute, the error names the open requests."""
        self._ask(f"idle({_WAIT_SECONDS})")

    def _show(self, view: str) -> None:
        """Go to another part of the page, without other changes."""
        if view != self._view:
            self._view = view
            self.page.goto(f"{self.url}#/{view}")
            self.page.evaluate(_IS_LOADED)  # the page's policy forbids wait_for_function
            self.wait()

    def _ask(self, call: str) -> Any:  # noqa: ANN401  # JSON
        return self.page.evaluate(f"window.gfplugPreview.{call}")


@pytest.fixture(scope="session")
def preview_browser() -> Iterator[Any]:
    """Run the system's Chromium, or playwright's; skip the test if both are missing.

    >>> def test_page(preview_browser):  # doctest: +SKIP
    ...     preview_browser.new_page()
    """
    with run_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def preview_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run `gfplug preview` for the tests' own project, and yield its address; skip without gfplug or its page.

    >>> def test_address(preview_url):  # doctest: +SKIP
    ...     assert preview_url.startswith("http://127.0.0.1:")
    """
    pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT)
    root = next(
        (folder for folder in _parent_folders(request.config.rootpath) if (folder / "gfplug.lock").is_file()), None
    )
    if root is None:
        pytest.skip(f"{request.config.rootpath} is not in a gfplug project")
    command = shutil.which("gfplug", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if command is None:
        pytest.skip("install gfplug: its `gfplug preview` shows the data source")
    with serve(command, root) as url:
        yield url


@pytest.fixture
def preview(preview_url: str, preview_browser: Any) -> Iterator[Preview]:  # noqa: ANN401  # playwright's
    """Yield a page with the provisioned data source: its editor, a panel, its config page.

    >>> def test_editor(preview):  # doctest: +SKIP
    ...     assert preview.panel().state == "Done"
    """
    before = read_settings(preview_url)
    page = preview_browser.new_page()
    page.set_default_timeout(_MILLISECONDS)
    try:
        yield Preview(page, preview_url)
    finally:
        page.close()
        restore_settings(preview_url, before)


def _parent_folders(folder: Path) -> tuple[Path, ...]:
    return (folder, *folder.parents)
