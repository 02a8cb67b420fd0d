"""A server that plays a Grafana with pages: those of `page/pages.js`, for a project whose plugin runs behind them."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import grafana
from fakegrafana import ADMIN, FakeGrafana

from gfplug.bundle.frontend import linker
from gfplug.host.convert import Query
from gfplug.project.plugin_project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.host.client import RunningPlugin
    from gfplug.host.settings import Settings

PAGES = re.compile(r"/(connections/datasources/edit/|explore$|d/|alerting/grafana/)")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json"}


class PagesOfGrafana(FakeGrafana):
    """The server; `saved` is what the config page stores, `answers` lets the tests see their tests fail."""

    def __init__(self, folder: Path, plugin: RunningPlugin, settings: Settings, *, version: str) -> None:
        """Draw the pages with one Grafana's packages."""
        super().__init__(folder, plugin, settings)
        project = Project(folder)
        self._module = linker.build_frontend(project, Path(sys.executable))["module.js"]
        self._plugin_id = str(project.manifest.content["id"])
        modules = grafana.installed(version)
        images = modules / "@grafana/ui/dist/public/img"
        self._roots = {"/bundle/": grafana.bundle(version), "/modules/": modules}
        self._roots |= {"/public/build/img/": images, "/public/img/": images}
        (source,) = self._sources()[1:]
        self.saved: dict[str, Any] = {
            "url": "",
            "jsonData": {},
            "secureJsonFields": dict.fromkeys(settings.secrets, True),
            "readOnly": False,
            **{name: value for name, value in source.items() if name != "secureJsonData"},
        }
        self.stored: list[Mapping[str, Any]] = []

    def content_type(self, path: str) -> str:
        """Name the type of a page, or of a file."""
        path = urlsplit(path).path
        return "text/html" if PAGES.match(path) else TYPES.get(Path(path).suffix, super().content_type(path))

    def answer(self, path: str, body: Any, *, authorization: str | None) -> tuple[int, bytes]:
        """Give a page, a file or an answer of the API; who logs in must be the administrator."""
        del authorization
        path = urlsplit(path).path
        if path in self.overrides:
            return super().answer(path, body, authorization=ADMIN)
        if path == "/login":
            return (200 if (body["user"], body["password"]) == ("admin", "admin") else 401), b"{}"
        if PAGES.match(path):
            page = (grafana.BROWSER / "index.html").read_text(encoding="utf-8")
            return 200, page.replace("/bundle/host.js", "/bundle/pages.js").encode()
        if path == f"/public/plugins/{self._plugin_id}/module.js":
            return 200, self._module
        for prefix, root in self._roots.items():
            if path.startswith(prefix):
                file = root / path.removeprefix(prefix)
                return (200, file.read_bytes()) if file.is_file() else (404, b"{}")
        return self._answer_pages(path, body)

    def _answer_pages(self, path: str, body: Any) -> tuple[int, bytes]:
        if path == f"/api/datasources/uid/{self.settings.uid}":
            if body is not None:
                self.saved = {name: value for name, value in body.items() if name != "secureJsonData"}
                self.stored.append(body)
            return 200, json.dumps(self.saved).encode()
        if path.startswith("/api/dashboards/uid/"):
            text = (self.provisioning / "dashboards/example.json").read_text(encoding="utf-8")
            return 200, json.dumps({"dashboard": json.loads(text)}).encode()
        if path == "/api/ds/query":
            return self._answer_queries(body)
        return super().answer(path, body, authorization=ADMIN)

    def _answer_queries(self, body: Mapping[str, Any]) -> tuple[int, bytes]:
        start, end = (datetime.fromtimestamp(int(body[name]) / 1000, UTC) for name in ("from", "to"))
        queries = [
            Query(
                ref_id=query["refId"],
                start=start,
                end=end,
                interval=timedelta(milliseconds=query["intervalMs"]),
                max_data_points=query["maxDataPoints"],
                model=query,
            )
            for query in body["queries"]
        ]
        answers = self.plugin.query_data(queries, self.settings)
        results = {ref_id: answer.to_json() for ref_id, answer in answers.items()}
        failed = any("error" in result for result in results.values())
        return 400 if failed else 200, json.dumps({"results": results}).encode()
