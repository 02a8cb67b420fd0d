"""The fixture `preview` for authors: reasons to skip, and its use in tests, on the smallest page."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import run
from projects import new_project

if TYPE_CHECKING:
    from commands import Ended

HERE = Path(__file__).parent
TESTS = """\
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from gfruntime.testing.preview import Preview

pytest_plugins = ["gfruntime.testing.preview"]


def test_the_editor_asks_and_the_panel_shows(preview: Preview) -> None:
    assert preview.query("A").value("Series") == "1"
    preview.query("A").fill("Series", 2).choose("Signal", "square").check("Fill")
    panel = preview.panel()
    assert (panel.state, list(panel.series), panel.errors, panel.notices) == ("Done", ["1 square", "2 square"], [], [])
    assert panel.frames[0]["data"]["values"][0]


def test_the_config_page_is_saved(preview: Preview) -> None:
    preview.config().fill("Seed", 7)
    assert preview.save()["status"] == "success"
    assert preview.page.evaluate("fetch(new URL('preview/boot', document.baseURI)).then((answer) => answer.json())")[
        "settings"]["jsonData"] == {"seed": 7}


def test_each_test_begins_with_what_is_provisioned(preview: Preview) -> None:
    assert preview.config().value("Seed") == "0"


def test_saved_queries_are_asked_and_an_error_is_the_panels(preview: Preview) -> None:
    preview.set_time_range("now-1h")
    preview.set_variables(host=["a", "b"], env="prod")
    panel = preview.ask({"signal": "sine", "series": 1}, {"signal": "none"})
    assert panel.state == "Error"
    assert [error["refId"] for error in panel.errors] == ["B"]
    assert "signal" in panel.errors[0]["message"]


def test_code_of_the_page_may_ask_as_in_grafana_and_another_page_may_not(preview: Preview) -> None:
    asks = "(url) => fetch(url).then((answer) => answer.status, () => 'refused')"
    assert preview.page.evaluate(asks, "/api/frontend/settings") == 200
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        for elsewhere in (f"http://127.0.0.1:{other.server_address[1]}/", "data:text/html,other"):
            preview.page.goto(elsewhere)
            assert preview.page.evaluate(asks, f"{preview.url}preview/boot") == "refused"
        other.shutdown()
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="its browser is found elsewhere there"),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with tests that take the fixture."""
    root = new_project(tmp_path_factory.mktemp("project") / "acme-sales-datasource")
    (root / "tests" / "test_in_browser.py").write_text(TESTS, encoding="utf-8")
    return root


def ran(project: Path, *packages: Path, path: str = "") -> Ended:
    """Run the project's browser tests with further packages, and optionally another PATH."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, packages)), "PYTEST_ADDOPTS": ""}
    if path:
        environment["PATH"] = path
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "tests/test_in_browser.py"]
    return run(sys.executable, *words, cwd=project, env=environment, timeout=200)


def test_authors_drive_the_page(project: Path, tmp_path: Path) -> None:
    """All tests share one server and one browser; each begins with the provisioned data source."""
    pytest.importorskip("playwright", reason="install playwright: it drives the browser")
    if not shutil.which("chromium"):
        pytest.skip("install chromium: what is drawn is looked at there")
    assets = tmp_path / "gfplug_preview" / "assets" / "13.2.2"
    shutil.copytree(HERE / "small_page", assets)
    (tmp_path / "gfplug_preview" / "__init__.py").write_text("", encoding="utf-8")
    ended = ran(project, tmp_path)

    assert ended.code == 0, ended.out + ended.err
    assert "5 passed" in ended.out


def test_without_a_page_the_tests_are_skipped_with_the_reason(project: Path, tmp_path: Path) -> None:
    """The tests do not fail, as an author's CI need not have the page."""
    pytest.importorskip("playwright", reason="install playwright: it drives the browser")
    empty = tmp_path / "gfplug_preview"
    empty.mkdir()
    (empty / "__init__.py").write_text("", encoding="utf-8")
    ended = ran(project, tmp_path)

    assert ended.code == 0, ended.out + ended.err
    assert "5 skipped" in ended.out
    assert "install gfplug[preview]" in ended.out
