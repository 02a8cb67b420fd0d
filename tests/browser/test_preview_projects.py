"""Projects in the page of `gfplug preview`, each with its own plugin: from a query to a panel."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grafana
import pytest
from exampleapi import TOKEN, example_api
from projects import SALES, new_project

from gfplug import cli
from gfplug.bundle.preview_session import PreviewOptions, open_preview
from gfruntime.testing.preview import Preview
from gfruntime.testing.preview_process import run_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(300)]
HOUR = ("1767225600000", "1767229200000")
"""From midnight of 2026-01-01 in UTC, as milliseconds."""

IS_DRAWN = """() => {
  const canvas = document.querySelector('[aria-label="Panel"] canvas');
  return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0);
}"""
OLD_MODULE = """\
define(['react', '@grafana/data', '@grafana/runtime', '@grafana/ui'], (React, data, runtime, ui) => {
  const { createElement: h } = React;
  class Old extends runtime.DataSourceWithBackend { getDefaultQuery() { return { series: 2 }; } }
  const edit = (query, onChange) => ({ currentTarget }) => onChange({ ...query, series: Number(currentTarget.value) });
  const Editor = ({ query, onChange, onRunQuery }) =>
    h(ui.InlineField, { label: 'Series' },
      h(ui.Input, { id: 'series', value: query.series, onChange: edit(query, onChange), onBlur: onRunQuery }));
  return { plugin: new data.DataSourcePlugin(Old).setQueryEditor(Editor) };
});
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Run one browser for this module; while playwright runs, no other event loop can start."""
    with run_browser() as running:
        yield running


@contextmanager
def shown(root: Path, browser: Any, *, packages: str = "13") -> Iterator[Preview]:
    """Open a project in the page; an error in the browser's console fails the test, but for an answer's status."""
    options = PreviewOptions(target=root, python=Path(sys.executable))
    with open_preview(options, page=grafana.page(packages)) as running:
        page, wrong = browser.new_page(), []
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        try:
            yield Preview(page, running.url)
            assert [line for line in wrong if "the server responded with a status of" not in line] == []
        finally:
            page.close()


def project(folder: Path, *, url: str = "", **answers: Any) -> Path:
    """Make a project; the API of the http example is at `url`."""
    root = new_project(folder / "acme-sales-datasource", replace(SALES, **answers))
    path = root / "provisioning" / "datasources" / "datasource.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("http://example-api:8000", url), encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("example", "packages", "series"),
    [
        ("signals", "12", ["series 1", "series 2"]),
        ("sql", "13", ["north", "south"]),
        ("logs", "13.0.2", ["north", "south"]),
        ("stream", "13", ["boiler", "cellar"]),
    ],
)
def test_the_panel_of_an_example_is_drawn(
    example: str, packages: str, series: list[str], browser: Any, tmp_path: Path
) -> None:
    """The example's editor is shown, its config page has no error, and its alert rule is evaluated."""
    with shown(project(tmp_path, example=example), browser, packages=packages) as preview:
        panel = preview.panel()
        assert (panel.state, list(panel.series), panel.errors) == (
            "Streaming" if example == "stream" else "Done", series, []
        )  # fmt: skip
        assert preview.page.evaluate(IS_DRAWN)
        assert preview.query("A").region.locator("input, textarea").count() > 0
        assert preview.save()["status"] == "success"
        preview.page.evaluate("location.hash = '#/alerts'")
        preview.page.get_by_text("Evaluate now").wait_for()
        preview.wait()
        (rule,) = preview.page.evaluate("window.gfplugPreview.alerts().rules")
        assert (rule["error"], bool(rule["instances"])) == ("", True)


@pytest.mark.parametrize("kind", ["backend", "hybrid", "react"])
def test_the_panel_of_an_openapi_project_is_drawn(kind: str, browser: Any, tmp_path: Path) -> None:
    """Python or the proxy sends requests; rules get the same frames; errors affect one query; no secret is shown."""
    answers = {"frontend": kind} if kind == "react" else {"mode": kind}
    asked: list[tuple[str, str]] = []
    with (
        example_api(new_project(tmp_path / "api", replace(SALES, example="http"))) as url,
        shown(project(tmp_path, url=url, example="http", **answers), browser) as preview,
    ):
        page = preview.page
        page.on("request", lambda request: asked.append((request.url, request.post_data or "")))
        preview.set_time_range(*HOUR)
        panel = preview.panel()
        assert (panel.state, list(panel.series), panel.errors) == ("Done", ["north", "south"], [])
        assert page.evaluate(IS_DRAWN)
        assert preview.save()["message"] == "The API answered, and accepts the token"
        paths = [address.removeprefix(preview.url).partition("?")[0] for address, _ in asked]
        expected = "api/datasources/proxy/uid/sales/sales" if kind == "hybrid" else "api/ds/query"
        assert [path for path in paths if path.startswith(("api/ds/query", "api/datasources/proxy"))] == [expected]
        assert TOKEN not in str(asked) + page.content()

        query = {"refId": "A", "path": "/sales", "maxDataPoints": 800, "intervalMs": 5000}
        assert [_points(frame) for frame in panel.frames] == [_points(frame) for frame in _rule_sees(preview, query)]

        preview.query("A")
        failed = preview.ask({"path": "/nothing"}, {"path": "/sales"})
        assert [(error["refId"], error["message"]) for error in failed.errors] == [
            ("A", "/nothing answered 404 Not Found: there is no /nothing")
        ]
        assert {frame["schema"]["refId"] for frame in failed.frames} == {"B"}
        both = preview.ask({"path": "/sales"}, {"path": "/sales"})  # no hook's request ends another's
        assert (both.state, [frame["schema"]["refId"] for frame in both.frames]) == ("Done", ["A", "A", "B", "B"])


def test_an_adopted_plugin_is_shown(browser: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The page has the plugin's own editors and the added backend; the missing file can be written."""
    folder = tmp_path / "old"
    (folder / "src").mkdir(parents=True)
    manifest = {"type": "datasource", "id": "acme-old-datasource", "name": "Old", "info": {"logos": {}}}
    (folder / "src" / "plugin.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "src" / "module.js").write_text(OLD_MODULE, encoding="utf-8")
    script = "node -e \"fs.cpSync('src', 'dist', { recursive: true })\""
    package = {"version": "2.3.4", "scripts": {"build": script}}
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    assert cli.main(["adopt", str(folder), "--offline"]) == 0
    capsys.readouterr()
    with shown(folder / "backend", browser) as preview:
        assert preview.query("A").fill("Series", 1).value("Series") == "1"
        assert (preview.panel().state, list(preview.panel().series)) == ("Done", ["value"])
        assert preview.save()["status"] == "success"
        preview.page.get_by_role("button", name="Write to provisioning/datasources/datasource.yaml").click()
        preview.page.get_by_text("Wrote provisioning/datasources/datasource.yaml.").wait_for()
        assert (folder / "backend/provisioning/datasources/datasource.yaml").is_file()


def _rule_sees(preview: Preview, query: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the frames that a rule gets for a query."""
    body = {"queries": [query], "from": HOUR[0], "to": HOUR[1]}
    headers = {"content-type": "application/json", "x-gfplug-alert": "true"}
    options = json.dumps({"method": "POST", "headers": headers, "body": json.dumps(body)})
    answer = preview.page.evaluate(
        f"fetch(new URL('api/ds/query', document.baseURI), {options}).then((answer) => answer.json())"
    )
    frames: list[dict[str, Any]] = answer["results"]["A"]["frames"]
    return frames


def _points(frame: Any) -> tuple[Any, Any]:
    return [field.get("labels") for field in frame["schema"]["fields"]], frame["data"]["values"]
