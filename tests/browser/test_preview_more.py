"""The page of `gfplug preview` when something is wrong, slow or fast: code that cannot be imported, saves, streams."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grafana
import pytest
from projects import SALES, new_project

from gfplug.bundle.preview_session import PreviewOptions, open_preview
from gfruntime.testing.preview import Preview
from gfruntime.testing.preview_process import run_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]
SAVE_MS = 60_000
LARGEST = "Math.max(0, ...window.gfplugPreview.panel().frames.flatMap(({ data }) => data.values.slice(1).flat()))"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Run one browser for this module."""
    with run_browser() as running:
        yield running


@contextmanager
def shown(root: Path, browser: Any) -> Iterator[Preview]:
    """Open a project in the page; an exception in the page fails the test."""
    options = PreviewOptions(target=root, python=Path(sys.executable))
    with open_preview(options, page=grafana.page("13")) as running:
        page, wrong = browser.new_page(), []
        page.set_default_timeout(SAVE_MS)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "React" in line.text else None)
        try:
            yield Preview(page, running.url)
            assert wrong == []
        finally:
            page.close()


def test_code_that_cannot_be_imported_at_the_start_is_an_error_until_a_save(browser: Any, tmp_path: Path) -> None:
    """The page shows the reason, also for alert rules; after the save it shows the editor and new values."""
    root = new_project(tmp_path / "acme-sales-datasource", replace(SALES, example="signals"))
    code = root / "src" / "plugin" / "datasource.py"
    good = code.read_text(encoding="utf-8")
    code.write_text(f"import nothing_there\n{good}", encoding="utf-8")
    with shown(root, browser) as preview:
        page = preview.page
        page.get_by_role("alert").filter(has_text="No module named 'nothing_there'").wait_for()
        assert preview.page.get_by_role("region", name="Query A").count() == 0

        code.write_text(good, encoding="utf-8")
        page.get_by_role("region", name="Query A").locator("input").first.wait_for()
        page.get_by_role("alert").wait_for(state="detached")
        assert (preview.panel().state, page.evaluate(LARGEST)) == ("Done", 1)

        query = "        model = query.model  #"
        assert query in good
        code.write_text(good.replace(query, f"        __import__('time').sleep(3)\n{query}"), encoding="utf-8")
        page.get_by_text("A file was saved").wait_for()
        code.write_text(good.replace("return model.amplitude *", "return 5 * model.amplitude *"), encoding="utf-8")
        while page.evaluate(LARGEST) < 5:
            page.wait_for_timeout(50)
        assert preview.panel().state == "Done"


def test_a_stream_that_is_faster_than_the_page_leaves_it_usable(browser: Any, tmp_path: Path) -> None:
    """The view is a table, which is the slowest to draw."""
    root = new_project(tmp_path / "acme-sales-datasource", replace(SALES, example="stream"))
    with shown(root, browser) as preview:
        preview.query("A").fill("Points a second", 50)
        preview.page.get_by_role("region", name="Panel", exact=True).get_by_role("radio", name="Table").check(
            force=True
        )
        rows = len(preview.panel().frames[0]["data"]["values"][0])
        preview.page.wait_for_timeout(1000)
        panel = preview.panel()
        assert (panel.state, panel.errors) == ("Streaming", [])
        assert len(panel.frames[0]["data"]["values"][0]) > rows
        assert preview.query("A").value("Points a second") == "50"
