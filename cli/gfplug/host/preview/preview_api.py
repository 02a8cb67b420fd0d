"""The preview's API for its page: first state, events, streams, alert rules, writing the provisioning file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug import __version__
from gfplug.errors import ConflictError, GfplugError
from gfplug.host import rehearsal
from gfplug.host.preview import provisioning_edit, provisioning_file
from gfplug.host.preview.failure_answers import describe, find_remedy, refusal_response
from gfplug.host.preview.web_messages import WebRequest, WebResponse, json_response, wrong_method_response

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gfplug.host.alerting import Rule
    from gfplug.host.preview.data_source import DataSource
    from gfplug.host.preview.event_feed import EventFeed, Listener
    from gfplug.host.preview.live_streams import LiveStreams
    from gfplug.host.preview.page_files import PageFiles
    from gfplug.host.preview.plugin_files import PluginFiles
    from gfplug.host.preview.plugin_keeper import PluginKeeper
    from gfplug.host.preview.project_provisioning import Provisioning
    from gfplug.host.preview.provisioning_edit import WriteResult


class PreviewApi:
    """Answers the paths below `preview/`."""

    def __init__(
        self,
        *,
        keeper: PluginKeeper,
        source: DataSource,
        feed: EventFeed,
        streams: LiveStreams,
        provisioning: Provisioning,
        plugin_files: PluginFiles,
        page: PageFiles,
        timeout: float,
    ) -> None:
        """Store the parts that answer. Units: `timeout` is the seconds for each call of the plugin."""
        self._keeper = keeper
        self._source = source
        self._feed = feed
        self._streams = streams
        self._provisioning = provisioning
        self._plugin_files = plugin_files
        self._page = page
        self._timeout = timeout

    def boot(self, request: WebRequest) -> WebResponse:
        """Answer with everything that the page needs before it asks the plugin.

        `plugin` has neither `module` nor `problem` until module.js is built for the first time.
        """
        if request.method != "GET":
            return wrong_method_response("GET")
        meta, problem = self._plugin_files.meta(), self._plugin_files.problem
        rules, _ = self._read_rules()
        value = {
            "gfplug": __version__,
            "grafana": self._page.version,
            "versions": list(self._page.versions),
            "runs": "source" if self._plugin_files.is_source else "bundle",
            "plugin": {
                "id": meta["id"],
                "name": meta["name"],
                "module": self._plugin_files.module_address(),
                "problem": self._source.mask(describe(problem)) if problem else None,
                "meta": meta,
            },
            "instanceSettings": self._source.for_plugin(meta),
            "settings": self._source.for_page(),
            "provisioning": self._provisioning_file(),
            "dashboards": self._provisioning.dashboards(),
            "rules": [_rule_to_json(rule) for rule in rules],
            "toggles": {},
            "log": self._feed.lines(),
        }
        return json_response(value)

    def frontend_settings(self, request: WebRequest) -> WebResponse:
        """Answer `api/frontend/settings` with the keys that Grafana's packages read."""
        if request.method != "GET":
            return wrong_method_response("GET")
        instance = self._source.for_plugin(self._plugin_files.meta())
        version = self._page.version
        build = {"version": version, "edition": "Open Source", "env": "development", "commit": "", "hideVersion": False}
        value = {
            "datasources": {instance["name"]: instance},
            "defaultDatasource": instance["name"],
            "buildInfo": build,
            "featureToggles": {},
            "appSubUrl": "",
        }
        return json_response(value)

    def plugin_settings(self, request: WebRequest) -> WebResponse:
        """Answer `api/plugins/<id>/settings`."""
        return json_response(self._plugin_files.meta()) if request.method == "GET" else wrong_method_response("GET")

    def events(self, request: WebRequest) -> WebResponse:
        """Answer with the event stream, which lasts until the page is closed."""
        if request.method != "GET":
            return wrong_method_response("GET")
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        return WebResponse(headers=headers, body=self._parts())

    def _parts(self) -> Iterator[bytes]:
        listener = self._feed.open()
        self._send_state(listener)
        try:
            yield from listener.parts()
        finally:
            self._feed.close(listener)
            self._streams.end_of(listener)

    def _send_state(self, listener: Listener) -> None:
        """If the plugin is down, send the reason; send the state again if it changed meanwhile."""
        last = None
        while (problem := self._keeper.problem) is not last:
            if problem:
                listener.send("down", self._source.mask(describe(problem)))
            else:
                listener.send("up", {})
            last = problem

    def begin_stream(self, request: WebRequest) -> WebResponse:
        """Subscribe to a channel."""
        if request.method != "POST":
            return wrong_method_response("POST")
        try:
            body = request.json()
            listener = self._feed.listener(body.get("client"))
            data = json.dumps(body["data"]).encode() if body.get("data") is not None else b""
            return json_response({"id": self._streams.begin(listener, body.get("channel"), data)})
        except GfplugError as error:
            return refusal_response(error, self._source.mask)

    def end_stream(self, number: str, request: WebRequest) -> WebResponse:
        """End a subscription."""
        if request.method != "DELETE":
            return wrong_method_response("DELETE")
        self._streams.end(number)
        return json_response({})

    def alerts(self, request: WebRequest) -> WebResponse:
        """Evaluate the provisioned alert rules now."""
        if request.method != "POST":
            return wrong_method_response("POST")
        request.json()
        now, mark = datetime.now(UTC), self._feed.mark()
        rules, problem = self._read_rules()
        results: list[dict[str, Any]] = []
        if problem is None:
            try:
                plugin, settings = self._keeper.plugin(), self._source.settings()
                states = rehearsal.rehearse(plugin, rules, settings, now=now, timeout=self._timeout)
                places = self._feed.places_since(mark)
                results = [
                    {**rehearsal.result_json(rule, each), "hint": find_remedy(each.error, places)}
                    for rule, each in states
                ]
            except GfplugError as error:
                problem = describe(error)
        at = int(now.timestamp() * 1000)
        return json_response(self._source.mask({"at": at, "rules": results, "problem": problem}))

    def write_settings(self, request: WebRequest) -> WebResponse:
        """Write the data source from memory to the provisioning file."""
        if request.method != "POST":
            return wrong_method_response("POST")
        request.json()
        try:
            path, result = self._write()
        except OSError as error:
            problem = ConflictError(f"{error.filename} cannot be written: {error.strerror}")
            return refusal_response(problem, self._source.mask)
        secrets = [{"key": key, "variable": name} for key, name in result.variables.items()]
        name = self._provisioning.name_of(path)
        return json_response({"file": name, "diff": self._source.mask(result.diff), "secrets": secrets})

    def _write(self) -> tuple[Path, WriteResult]:
        """Change the file that provisions the data source, or create one.

        Raises: ConflictError and ProjectError that say why nothing was written; OSError.
        """
        plugin_id, new = self._provisioning.plugin_id, self._source.value()
        entry = self._provisioning.source()
        if entry is not None:
            path, old = entry[0], self._source.with_defaults(self._provisioning.value())
            return path, provisioning_edit.write(path, plugin_id=plugin_id, old=old, new=new)
        path = self._place_file()
        return path, provisioning_file.create_file(path, plugin_id=plugin_id, source=new)

    def _place_file(self) -> Path:
        path = provisioning_file.place_file(self._provisioning.folders, self._provisioning.plugin_id)
        if path is None:
            raise ConflictError("this is not a project: there is no folder for a provisioning file")
        return path

    def _provisioning_file(self) -> dict[str, Any]:
        try:
            entry = self._provisioning.source()
            path = entry[0] if entry else self._place_file()
        except GfplugError as error:
            return {"file": None, "writable": False, "why": error.message}
        return {"file": self._provisioning.name_of(path), "writable": True, "why": ""}

    def _read_rules(self) -> tuple[Sequence[Rule], dict[str, str] | None]:
        try:
            return self._provisioning.rules(), None
        except GfplugError as error:
            return [], describe(error)


def _rule_to_json(rule: Rule) -> dict[str, Any]:
    return {
        "title": rule.title,
        "refId": rule.ref_id,
        "model": dict(rule.model),
        "from": rule.start,
        "to": rule.end,
        "condition": {
            "reducer": rule.reduction.reducer if rule.reduction else None,
            "operator": rule.comparison.operator if rule.comparison else None,
            "bounds": list(rule.comparison.bounds) if rule.comparison else [],
        },
    }
