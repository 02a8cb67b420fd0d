"""Test the built plugin in Grafana's pages, with a browser; skipped unless GRAFANA_URL is the address of a Grafana.

    pip install -e '.[pages]'
    GRAFANA_URL=http://localhost:3000 pytest -m grafana

The browser is the Chromium or Chrome at the path CHROMIUM, else one on PATH. GRAFANA_USER, GRAFANA_PASSWORD and
GRAFANA_PATIENCE work as in test_grafana.py.
"""

import importlib.util
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request

PROJECT = Path(__file__).parents[1]
PLUGIN_ID = json.loads((PROJECT / "plugin.json").read_text(encoding="utf-8"))["id"]
DASHBOARDS = [
    json.loads(path.read_text(encoding="utf-8")) for path in (PROJECT / "provisioning/dashboards").glob("*.json")
]
PANELS = [
    pytest.param(dashboard["uid"], panel, id=panel["title"])
    for dashboard in DASHBOARDS
    for panel in dashboard["panels"]
]

URL = os.environ.get("GRAFANA_URL", "").rstrip("/")
USER = os.environ.get("GRAFANA_USER", "admin")
PASSWORD = os.environ.get("GRAFANA_PASSWORD", "admin")
PATIENCE = float(os.environ.get("GRAFANA_PATIENCE", "1"))
STEP_SECONDS = 30 * max(1.0, PATIENCE)
FIRING_SECONDS = 180 * PATIENCE  # Grafana evaluates the rule once a minute
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)

# The test ids in the pages of Grafana 11.6 to 13. Source: @grafana/e2e-selectors.
SAVE = "data-testid Data source settings page Save and Test button"
OUTCOME = "data-testid Data source settings page Alert"
SUCCESS = "data-testid Alert success"
RUN = "data-testid RefreshPicker run button"
PANEL = "data-testid Panel header "
PANEL_ERROR = "data-testid Panel status error"
LEGEND = '[data-testid^="data-testid VizLegend series"]'
PLOT = '[data-testid="uplot-main-div"] canvas'
HAS_LINE = """(canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = data.subarray(at, at + 4);
    if (alpha > 100 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) return true; // axes are grey
  }
  return false;
}"""

pytestmark = [
    pytest.mark.grafana,
    pytest.mark.skipif(not URL, reason="GRAFANA_URL is not set; see README.md"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="pip install -e '.[pages]'"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium or Chrome is on PATH, and CHROMIUM names none"),
]


@pytest.fixture(scope="module")
def page() -> "Iterator[Page]":
    """Open a browser, logged in as the administrator."""
    from playwright.sync_api import sync_playwright

    is_root = getattr(os, "geteuid", lambda: 1)() == 0  # Chromium's sandbox does not work as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if is_root else [])
        page = browser.new_page(locale="en-US", viewport={"width": 1600, "height": 1600})
        page.set_default_timeout(STEP_SECONDS * 1000)
        login = page.request.post(f"{URL}/login", data={"user": USER, "password": PASSWORD})
        assert login.ok, f"{URL}/login: {login.status} {login.text()}"
        yield page
        browser.close()


@pytest.fixture(scope="module")
def source(page: "Page") -> dict[str, Any]:
    """Find the provisioned data source."""
    sources = [each for each in ask(page, "/api/datasources") if each["type"] == PLUGIN_ID]
    assert sources, f"Grafana has no data source of the type {PLUGIN_ID}: is provisioning/ mounted?"
    whole: dict[str, Any] = ask(page, f"/api/datasources/uid/{sources[0]['uid']}")
    return whole


def ask(page: "Page", path: str) -> Any:
    """Call Grafana's API as the page's user."""
    answer = page.request.get(URL + path)
    assert answer.ok, f"{path}: {answer.status} {answer.text()}"
    return answer.json()


def type_into(page: "Page", prefix: str, values: Mapping[str, object]) -> list[str]:
    """Type a value into each input for text or a number; return the names of these inputs."""
    names = []
    for name, value in values.items():
        control = page.locator(f'input:not([role], [type="checkbox"], [type="radio"])[id="{prefix}-{name}"]:enabled')
        if isinstance(value, str | int | float) and not isinstance(value, bool) and control.count():
            control.fill("")
            control.fill(str(value))
            names.append(name)
    return names


class ConfigPage:
    """The page of a data source: Connections, Data sources."""

    def __init__(self, page: "Page", uid: str) -> None:
        """Open it."""
        self.page = page
        page.goto(f"{URL}/connections/datasources/edit/{uid}")
        page.get_by_test_id("gf-config-editor").wait_for()

    def fill(self, values: Mapping[str, object]) -> list[str]:
        """Type values into the text fields; return their names."""
        return type_into(self.page, "gf-config", values)

    def save_and_test(self) -> "Locator":
        """Press the button; return the message that Grafana shows."""
        self.page.get_by_test_id(SAVE).click()
        outcome = self.page.get_by_test_id(OUTCOME)
        outcome.wait_for()
        return outcome


class Explore:
    """The page Explore with one query."""

    def __init__(self, page: "Page", query: Mapping[str, Any]) -> None:
        """Open the page; Grafana runs the query at once."""
        self.page, self.query = page, query
        pane = {"datasource": query["datasource"]["uid"], "queries": [query], "range": {"from": "now-30m", "to": "now"}}
        page.goto(f"{URL}/explore?" + urlencode({"schemaVersion": 1, "orgId": 1, "panes": json.dumps({"a": pane})}))
        page.get_by_test_id("gf-query-editor").first.wait_for()

    def fill(self, values: Mapping[str, object]) -> list[str]:
        """Type values into the query editor's text fields; return their names."""
        return type_into(self.page, f"gf-query-{self.query['refId']}", values)

    def run(self) -> dict[str, Any]:
        """Run the query; return the response of Grafana's server to a request that the page did not cancel."""
        begun: list[Request] = []  # while typing, the page may have run a query that is not whole

        def begin(request: "Request") -> None:
            if is_query(request):
                begun.append(request)

        self.page.on("request", begin)
        with self.page.expect_event("requestfinished", lambda request: request in begun) as finished:
            self.page.get_by_test_id(RUN).first.click()
        response = finished.value.response()
        assert response is not None
        result: dict[str, Any] = response.json()["results"][self.query["refId"]]
        return result


class DashboardPage:
    """A dashboard, and its panels by their titles."""

    def __init__(self, page: "Page", uid: str) -> None:
        """Open it."""
        self.page = page
        page.goto(f"{URL}/d/{uid}")

    def panel(self, title: str) -> "Locator":
        """Find a panel, and scroll to it: Grafana draws only the visible panels."""
        panel = self.page.get_by_test_id(PANEL + title)
        panel.wait_for()
        panel.scroll_into_view_if_needed()
        return panel


class RulePage:
    """The page of an alert rule."""

    def __init__(self, page: "Page", uid: str) -> None:
        """Store the page, and the rule's uid."""
        self.page, self.uid = page, uid

    def state(self) -> str:
        """Load the page, and return the state that it shows; empty if it shows none."""
        self.page.goto(f"{URL}/alerting/grafana/{self.uid}/view")
        state = self.page.get_by_text(re.compile(r"^(Firing|Normal|Pending|Recovering)\b"))
        state.first.wait_for()
        return str(state.first.inner_text())  # mypy knows no types if playwright is not installed


def is_query(request: "Request") -> bool:
    """Tell whether this request asks the page's queries."""
    return "/api/ds/query" in request.url


def test_the_config_page_saves_its_fields(page: "Page", source: dict[str, Any]) -> None:
    """Type the saved texts again: *Save & test* succeeds, and the data source is the same as before."""
    config = ConfigPage(page, source["uid"])

    config.fill({"url": source["url"], **source["jsonData"]})
    outcome = config.save_and_test()

    assert outcome.get_by_test_id(SUCCESS).is_visible(), outcome.inner_text()
    after = ask(page, f"/api/datasources/uid/{source['uid']}")
    assert [after[name] for name in ("url", "jsonData")] == [source[name] for name in ("url", "jsonData")]


@pytest.mark.parametrize("panel", [pytest.param(each.values[1], id=each.id) for each in PANELS])
def test_the_query_editor_runs_its_query(page: "Page", source: dict[str, Any], panel: dict[str, Any]) -> None:
    """Open a panel's first query in Explore, and type its texts again: the response has rows."""
    target = panel["targets"][0] | {"datasource": {"type": PLUGIN_ID, "uid": source["uid"]}}
    explore = Explore(page, target)

    explore.fill(target)
    result = explore.run()

    assert "error" not in result, result["error"]
    assert any(column for frame in result["frames"] for column in frame["data"]["values"]), "no rows"


@pytest.mark.parametrize(("dashboard", "panel"), PANELS)
def test_a_panel_draws_its_series(page: "Page", dashboard: str, panel: dict[str, Any]) -> None:
    """The panel shows no error. A graph also has a legend and a line."""
    area = DashboardPage(page, dashboard).panel(panel["title"])

    if panel["type"] == "timeseries":
        area.locator(f'{LEGEND}, [data-testid="{PANEL_ERROR}"]').first.wait_for()
    else:
        page.wait_for_load_state("networkidle")
    assert area.get_by_test_id(PANEL_ERROR).count() == 0, "the panel shows an error"
    deadline = time.monotonic() + STEP_SECONDS
    while panel["type"] == "timeseries" and not area.locator(PLOT).first.evaluate(HAS_LINE):
        assert time.monotonic() < deadline, "no line is drawn"
        page.wait_for_timeout(200)


def test_the_page_of_the_alert_rule_shows_that_it_fires(page: "Page", source: dict[str, Any]) -> None:
    """It shows the state Firing after Grafana has evaluated the provisioned rule."""
    rules = ask(page, "/api/v1/provisioning/alert-rules")
    uids = [rule["uid"] for rule in rules for step in rule["data"] if step["datasourceUid"] == source["uid"]]
    assert uids, "no alert rule queries the data source: is provisioning/ mounted?"
    rule = RulePage(page, uids[0])

    deadline = time.monotonic() + FIRING_SECONDS
    while not (state := rule.state()).startswith("Firing"):
        assert time.monotonic() < deadline, f"the page shows {state!r}"
        page.wait_for_timeout(1000)
