"""The application passes each request to the part that answers its path."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from gfplug.errors import GfplugError
from gfplug.host.preview.data_source import ID
from gfplug.host.preview.failure_answers import refusal_response
from gfplug.host.preview.page_files import decode_path, file_response
from gfplug.host.preview.web_messages import (
    FAILED,
    NOT_FOUND,
    WebRequest,
    WebResponse,
    json_response,
    wrong_method_response,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from gfplug.host.preview.data_proxy import DataProxy
    from gfplug.host.preview.data_source import DataSource
    from gfplug.host.preview.grafana_api import GrafanaApi
    from gfplug.host.preview.page_files import PageFiles
    from gfplug.host.preview.plugin_files import PluginFiles
    from gfplug.host.preview.preview_api import PreviewApi

_DATA_SOURCE = re.compile(r"api/datasources/(?:uid/(?P<uid>[^/]+)|(?P<id>\d+))(?:/(?P<rest>.*))?", re.DOTALL)
_PROXY = re.compile(r"api/datasources/proxy/(?:uid/(?P<uid>[^/]+)|(?P<id>\d+))(?:/(?P<rest>.*))?", re.DOTALL)
_PLUGIN_FILE = re.compile(r"public/plugins/(?P<id>[^/]+)/(?P<name>.+)", re.DOTALL)
_STREAM = "preview/streams/"
_RESOURCES = "resources"
_log = logging.getLogger("gfplug")


class Application:
    """The whole server except HTTP: takes a request, returns a response."""

    def __init__(
        self,
        *,
        grafana: GrafanaApi,
        proxy: DataProxy,
        preview: PreviewApi,
        source: DataSource,
        plugin_files: PluginFiles,
        page: PageFiles,
    ) -> None:
        """Store the parts that answer."""
        self._grafana = grafana
        self._proxy = proxy
        self._preview = preview
        self._source = source
        self._plugin_files = plugin_files
        self._page = page
        self._plain: dict[str, Callable[[WebRequest], WebResponse]] = {
            "api/ds/query": grafana.query,
            "api/frontend/settings": preview.frontend_settings,
            "preview/boot": preview.boot,
            "preview/events": preview.events,
            "preview/streams": preview.begin_stream,
            "preview/alerts": preview.alerts,
            "preview/settings/write": preview.write_settings,
        }

    def __call__(self, request: WebRequest) -> WebResponse:
        """Answer a request that passed the guard; the page gets an event for every failure."""
        try:
            return self._answer(request)
        except GfplugError as error:
            return refusal_response(error, self._source.mask)
        except Exception as error:  # noqa: BLE001 - a page without an answer says nothing
            _log.exception("the preview failed to answer; this is a bug in gfplug")
            message = f"the preview failed to answer: {type(error).__name__}"
            return json_response({"message": message, "hint": "see gfplug's own output for details"}, status=FAILED)

    def _answer(self, request: WebRequest) -> WebResponse:
        path = request.path
        if answer := self._plain.get(path):
            return answer(request)
        if path.startswith(_STREAM):
            return self._preview.end_stream(path.removeprefix(_STREAM), request)
        if path.startswith("api/"):
            return self._answer_api(path, request)
        return self._answer_file(path, request)

    def _answer_api(self, path: str, request: WebRequest) -> WebResponse:
        if match := _PROXY.fullmatch(path):
            return self._proxy.answer(match["rest"] or "", request) if self._is_own(match) else _missing_response()
        if match := _DATA_SOURCE.fullmatch(path):
            return self._answer_data_source(match["rest"], request) if self._is_own(match) else _missing_response()
        if path == f"api/plugins/{self._plugin_files.meta()['id']}/settings":
            return self._preview.plugin_settings(request)
        return json_response({"message": "the preview does not have this part of Grafana's API"}, status=NOT_FOUND)

    def _answer_data_source(self, rest: str | None, request: WebRequest) -> WebResponse:
        if not rest:
            return self._grafana.data_source(request)
        if rest == "health":
            return self._grafana.health(request)
        first, _, path = rest.partition("/")
        return self._grafana.resource(path, request) if first == _RESOURCES else _missing_response()

    def _is_own(self, match: re.Match[str]) -> bool:
        return decode_path(match["uid"]) == self._source.uid if match["uid"] else match["id"] == str(ID)

    def _answer_file(self, path: str, request: WebRequest) -> WebResponse:
        if request.method not in ("GET", "HEAD"):
            return wrong_method_response("GET", "HEAD")
        if match := _PLUGIN_FILE.fullmatch(decode_path(path)):
            is_own = match["id"] == self._plugin_files.meta()["id"]
            return file_response(path, self._plugin_files.read(match["name"]) if is_own else None, request)
        name = decode_path(path) or "index.html"
        return file_response(name, self._page.read(name), request)


def _missing_response() -> WebResponse:
    return json_response({"message": "Data source not found"}, status=NOT_FOUND)
