"""A server that plays Grafana for one data source: the genuine go-plugin host behind the paths that a browser asks.

It knows the secrets, as Grafana does, and adds them where plugin.json's routes say so. What it imitates of Grafana's
HTTP API: `/api/ds/query`, and `health`, `resources/<path>` and `proxy/<path>` of a data source.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import messages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostclient import Plugin

_PROXY = "/api/datasources/proxy/uid/u1/"
_RESOURCES = "/api/datasources/uid/u1/resources/"


@dataclass(frozen=True)
class Configured:
    """A configured data source, as Grafana keeps it."""

    url: str
    secrets: Mapping[str, str] = field(repr=False)
    routes: list[dict[str, Any]]

    def settings(self) -> dict[str, Any]:
        """Describe it to the plugin."""
        return messages.settings({}, secrets=self.secrets, url=self.url, uid="u1")


class Shim(ThreadingHTTPServer):
    """The server, on a free port of this machine."""

    daemon_threads = True

    def __init__(self, plugin: Plugin, configured: Configured) -> None:
        """Prepare to answer for a running plugin."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.plugin = plugin
        self.configured = configured
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        """Start."""
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop."""
        self.shutdown()
        self.thread.join()
        self.server_close()

    def query(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer /api/ds/query by asking the plugin."""
        start, end = int(body["from"]), int(body["to"])
        asked = [
            messages.query(
                query["refId"], start_ms=start, span_ms=end - start, **{k: v for k, v in query.items() if k != "refId"}
            )
            | {"maxDataPoints": query["maxDataPoints"], "intervalMS": query["intervalMs"]}
            for query in body["queries"]
        ]
        found = self.plugin.query(*asked, settings=self.configured.settings())
        return {"results": {ref_id: _result(response) for ref_id, response in found.items()}}

    def proxied(self, path: str, query: str) -> tuple[int, bytes]:
        """Ask the API itself, with what the route of this path adds."""
        routes = [route for route in self.configured.routes if path.startswith(route["path"])]
        request = urllib.request.Request(f"{self.configured.url}/{path}?{query}")  # noqa: S310 - our own example API
        for header in routes[0]["headers"] if routes else []:
            request.add_header(header["name"], self._filled(header["content"]))
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def _filled(self, template: str) -> str:
        secrets = self.configured.secrets
        return re.sub(r"\{\{ \.SecureJsonData\.(\w+) \}\}", lambda found: secrets[found[1]], template)


class _Handler(BaseHTTPRequestHandler):
    server: Shim

    def do_GET(self) -> None:
        """Answer the paths that are asked without a body."""
        url = urlsplit(self.path)
        if url.path.endswith("/health"):
            found = self.server.plugin.health(self.server.configured.settings())
            self._answer(200 if found["status"] == "OK" else 400, json.dumps(found).encode())
        elif url.path.startswith(_RESOURCES):
            path = self.path.removeprefix(_RESOURCES)
            resource = self.server.plugin.resource(path, settings=self.server.configured.settings())
            self._answer(resource.code, resource.body)
        elif url.path.startswith(_PROXY):
            self._answer(*self.server.proxied(url.path.removeprefix(_PROXY), url.query))
        else:
            self._answer(404, b'{"message": "not found"}')

    def do_POST(self) -> None:
        """Answer a query."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(200, json.dumps(self.server.query(body)).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


def _result(response: Mapping[str, Any]) -> dict[str, Any]:
    """Write one answer as Grafana does."""
    if response["error"]:
        return {"status": response["status"], "error": response["error"], "errorSource": response["source"]}
    return {"status": response["status"], "frames": [frame["json"] for frame in response["frames"]]}
