"""A server that plays Grafana for one data source: the genuine go-plugin host behind the paths that a browser asks.

It knows the secrets, as Grafana does, and adds them where plugin.json's routes say so. What it imitates of Grafana's
HTTP API: `/api/ds/query`, and `health`, `resources/<path>` and `proxy/<path>` of a data source.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import messages
from jsonserver import JsonServer

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


class Shim(JsonServer):
    """The server, on a free port of this machine."""

    def __init__(self, plugin: Plugin, configured: Configured) -> None:
        """Prepare to answer for a running plugin."""
        super().__init__()
        self.plugin = plugin
        self.configured = configured

    def answer(self, path: str, body: Any, *, authorization: str | None) -> tuple[int, bytes]:
        """Answer a query, and the paths that are asked without a body; access is not checked."""
        del authorization
        url = urlsplit(path)
        if body is not None:
            return 200, json.dumps(self._query(body)).encode()
        if url.path.endswith("/health"):
            health = self.plugin.health(self.configured.settings())
            return 200 if health["status"] == "OK" else 400, json.dumps(health).encode()
        if url.path.startswith(_RESOURCES):
            resource = self.plugin.resource(path.removeprefix(_RESOURCES), settings=self.configured.settings())
            return resource.code, resource.body
        if url.path.startswith(_PROXY):
            return self._proxied(url.path.removeprefix(_PROXY), url.query)
        return 404, b'{"message": "not found"}'

    def _query(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer /api/ds/query by asking the plugin."""
        start, end = int(body["from"]), int(body["to"])
        queries = [
            messages.query(
                query["refId"], start_ms=start, span_ms=end - start, **{k: v for k, v in query.items() if k != "refId"}
            )
            | {"maxDataPoints": query["maxDataPoints"], "intervalMS": query["intervalMs"]}
            for query in body["queries"]
        ]
        responses = self.plugin.query(*queries, settings=self.configured.settings())
        return {"results": {ref_id: _result(response) for ref_id, response in responses.items()}}

    def _proxied(self, path: str, query: str) -> tuple[int, bytes]:
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
        return re.sub(r"\{\{ \.SecureJsonData\.(\w+) \}\}", lambda match: secrets[match[1]], template)


def _result(response: Mapping[str, Any]) -> dict[str, Any]:
    """Write one answer as Grafana does."""
    if response["error"]:
        return {"status": response["status"], "error": response["error"], "errorSource": response["source"]}
    return {"status": response["status"], "frames": [frame["json"] for frame in response["frames"]]}
