"""A server in place of Grafana, with the pages of `gfplug preview` at Grafana's addresses, for one project."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import yaml
from jsonserver import JsonServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.host.preview.page_files import PageFiles

PAGES = re.compile(r"/(connections/datasources/edit/|explore$|d/|alerting/grafana/)")
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json"}
SETTINGS = re.compile(r"/api/datasources/uid/[^/]+")


class PagesOfGrafana(JsonServer):
    """The server; it forwards unknown requests to a running preview, whose address is `preview`.

    `stored` has the settings that the config page saves; `overrides` replaces the answers of paths, so that tests of
    pages fail.
    """

    def __init__(self, project: Path, preview: str, page: PageFiles) -> None:
        """Prepare to answer."""
        super().__init__()
        self.provisioning = project / "provisioning"
        self.overrides: dict[str, tuple[int, Any]] = {}
        self.stored: list[Mapping[str, Any]] = []
        self._preview = preview
        self._page = page

    def content_type(self, path: str) -> str:
        """Name the type of a page, or of a file."""
        path = urlsplit(path).path
        return "text/html" if PAGES.match(path) else TYPES.get(Path(path).suffix, super().content_type(path))

    def answer(self, path: str, body: Any, *, authorization: str | None) -> tuple[int, bytes]:
        """Return a page, a file or an answer of the API; a login must be the administrator's."""
        del authorization
        name = urlsplit(path).path
        if name in self.overrides:
            status, value = self.overrides[name]
            return status, json.dumps(value).encode()
        if name == "/login":
            return (200 if (body["user"], body["password"]) == ("admin", "admin") else 401), b"{}"
        if name == "/api/datasources":
            return 200, json.dumps([{"uid": "another", "type": "prometheus"}, *self._sources()]).encode()
        if name == "/api/v1/provisioning/alert-rules":
            return 200, json.dumps(self._rules()).encode()
        file = self._file(name)
        return self._ask_preview(path, body) if file is None else (200, file)

    def _sources(self) -> list[Mapping[str, Any]]:
        text = (self.provisioning / "datasources" / "datasource.yaml").read_text(encoding="utf-8")
        sources: list[Mapping[str, Any]] = yaml.safe_load(text)["datasources"]
        return sources

    def _rules(self) -> list[Mapping[str, Any]]:
        text = (self.provisioning / "alerting" / "rules.yaml").read_text(encoding="utf-8")
        return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]

    def _file(self, path: str) -> bytes | None:
        """Return a page, or a file of it; `pages.jsx` replaces the preview's start."""
        if PAGES.match(path):
            page = self._page.read("index.html") or b""
            return page.replace(b"<head>", b'<head><base href="/" />')
        return self._page.read({"/main.js": "pages.js", "/main.css": "pages.css"}.get(path, path.removeprefix("/")))

    def _ask_preview(self, path: str, body: Any) -> tuple[int, bytes]:
        is_saved = body is not None and SETTINGS.fullmatch(path)
        if is_saved:
            self.stored.append(body)
        request = urllib.request.Request(  # noqa: S310 - on this machine
            self._preview + path.removeprefix("/"),
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="PUT" if is_saved else None,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()
