"""A preview with a fake plugin: no process, and a socket only if a test makes one."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gfplug.host.convert import Health, QueryAnswer, ResourceAnswer
from gfplug.host.preview.application import Application
from gfplug.host.preview.data_proxy import DataProxy
from gfplug.host.preview.data_source import DataSource
from gfplug.host.preview.event_feed import EventFeed
from gfplug.host.preview.grafana_api import GrafanaApi
from gfplug.host.preview.live_streams import LiveStreams
from gfplug.host.preview.page_files import PageFiles
from gfplug.host.preview.plugin_files import frontend_meta
from gfplug.host.preview.preview_api import PreviewApi
from gfplug.host.preview.project_provisioning import Provisioning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from gfplug.errors import GfplugError, ToolError
    from gfplug.host.convert import Query
    from gfplug.host.settings import Settings

ID = "acme-sales-datasource"
SECRET = "s3cr3t-t0k3n"  # noqa: S105 - not a real one
FRAME = {
    "schema": {
        "refId": "A",
        "fields": [
            {"name": "time", "type": "time", "typeInfo": {"frame": "time.Time"}},
            {"name": "value", "type": "number", "typeInfo": {"frame": "float64"}, "labels": {"region": "north"}},
        ],
        "meta": {"type": "timeseries-multi", "typeVersion": [0, 1]},
    },
    "data": {"values": [[1000, 2000], [1.0, 7.0]]},
}
DATASOURCE = f"""\
# what the config page saves
apiVersion: 1
datasources:
  - name: Sales  # shown in lists
    uid: sales
    type: {ID}
    access: proxy
    url: http://127.0.0.1:9
    jsonData:
      timeout: 10  # seconds
    secureJsonData:
      token: {SECRET}
"""
RULES = """\
apiVersion: 1
groups:
  - rules:
      - title: Sales are high
        condition: C
        data:
          - refId: A
            datasourceUid: sales
            relativeTimeRange: { from: 600, to: 0 }
            model: { table: sales }
          - refId: B
            datasourceUid: __expr__
            model: { type: reduce, reducer: last, expression: A }
          - refId: C
            datasourceUid: __expr__
            model: { type: threshold, expression: B, conditions: [ { evaluator: { type: gt, params: [5] } } ] }
"""


@dataclass
class FakePlugin:
    """Answers as a plugin does, and records its calls; `failure` is raised instead."""

    answers: dict[str, QueryAnswer] = field(default_factory=dict)
    health: Health = field(default_factory=lambda: Health(status="OK", message="fine"))
    resource: ResourceAnswer = field(default_factory=lambda: ResourceAnswer(status=200, headers={}, body=b"[]"))
    packets: Sequence[bytes] = ()
    failure: GfplugError | None = None
    calls: list[dict[str, Any]] = field(default_factory=list)
    settings: list[Any] = field(default_factory=list)
    logs: Any = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    wait: Callable[[], object] = lambda: None

    def query_data(
        self,
        queries: Sequence[Query],
        settings: Settings,
        *,
        is_alert: bool = False,
        headers: dict[str, str] | None = None,
        timeout: float,
        on_start: Callable[[Callable[[], object]], None] = lambda _: None,
    ) -> dict[str, QueryAnswer]:
        """Answer each query with a frame, or with the test's answer."""
        on_start(self.cancelled.set)
        self.wait()
        self._note(settings, queries=queries, is_alert=is_alert, headers=headers, timeout=timeout)
        standard = {each.ref_id: QueryAnswer(ref_id=each.ref_id, status=200, frames=[FRAME]) for each in queries}
        return {ref_id: self.answers.get(ref_id, answer) for ref_id, answer in standard.items()}

    def check_health(
        self, settings: Settings, *, timeout: float, on_start: Callable[[Callable[[], object]], None]
    ) -> Health:
        """Return the test's health."""
        on_start(self.cancelled.set)
        self.wait()
        self._note(settings, timeout=timeout)
        return self.health

    def call_resource(
        self,
        path: str,
        settings: Settings | None = None,
        *,
        on_start: Callable[[Callable[[], object]], None] = lambda _: None,
        **more: Any,
    ) -> ResourceAnswer:
        """Return the test's resource."""
        on_start(self.cancelled.set)
        self.wait()
        self._note(settings, path=path, **more)
        return self.resource

    def stream(
        self, path: str, settings: Settings, *, data: bytes, on_start: Callable[[Callable[[], object]], None]
    ) -> Iterator[bytes]:
        """Send the test's packets."""
        self._note(settings, path=path, data=data)
        on_start(lambda: None)
        yield from self.packets

    def _note(self, settings: Settings | None, **arguments: Any) -> None:
        self.calls.append(arguments)
        self.settings.append(settings)
        if self.failure:
            raise self.failure


@dataclass
class FakeKeeper:
    """Always has a plugin, or raises its problem."""

    fake: FakePlugin = field(default_factory=FakePlugin)
    problem: ToolError | None = None

    def plugin(self) -> Any:
        """Return the plugin."""
        if self.problem:
            raise self.problem
        return self.fake


@dataclass
class FakeFiles:
    """The browser files of a plugin, set by a test."""

    content: dict[str, bytes] = field(default_factory=lambda: {"module.js": b"define([]);", "img/logo.svg": b"<svg/>"})
    manifest: dict[str, Any] = field(
        default_factory=lambda: {"id": ID, "name": "Sales", "info": {"logos": {"small": "img/logo.svg"}}}
    )
    problem: GfplugError | None = None
    is_source: bool = True

    def read(self, name: str) -> bytes | None:
        """Return a file."""
        return self.content.get(name)

    def meta(self) -> dict[str, Any]:
        """Return plugin.json as the frontend gets it."""
        return frontend_meta(self.manifest)

    def module_address(self) -> str | None:
        """Return the address of module.js."""
        return f"public/plugins/{ID}/module.js?_cache=1"


@dataclass
class Small:
    """The parts of a small preview."""

    root: Path
    keeper: FakeKeeper
    source: DataSource
    feed: EventFeed
    streams: LiveStreams
    plugin_files: FakeFiles
    application: Application

    @property
    def plugin(self) -> FakePlugin:
        """The plugin that answers."""
        return self.keeper.fake


def small_preview(folder: Path, *, routes: Sequence[dict[str, Any]] = (), datasource: str = DATASOURCE) -> Small:
    """Make a preview of a project that provisions a data source, a dashboard and an alert rule."""
    for name, text in {
        "provisioning/datasources/one.yaml": datasource,
        "provisioning/alerting/rules.yaml": RULES,
        "provisioning/dashboards/one.json": json.dumps({"title": "Overview", "panels": []}),
        "page/index.html": "<!doctype html><title>preview</title>",
        "page/app.js": "export {};",
        "secret.txt": SECRET,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    keeper: Any = FakeKeeper()
    plugin_files = FakeFiles()
    provisioning = Provisioning(folders=[folder / "provisioning"], plugin_id=ID)
    source = DataSource(provisioning.value(), plugin_id=ID, plugin_name="Sales", logo="logo.svg")
    feed = EventFeed(source.mask)
    page = PageFiles(folder=folder / "page", version="13.2.2", versions=("13.2.2", "11.6.16"))
    streams = LiveStreams(keeper, source.settings, source.mask)
    application = Application(
        grafana=GrafanaApi(keeper, source, feed, timeout=5.0),
        proxy=DataProxy(source, routes),
        preview=PreviewApi(
            keeper=keeper,
            source=source,
            feed=feed,
            streams=streams,
            provisioning=provisioning,
            plugin_files=plugin_files,
            page=page,
            timeout=5.0,
        ),
        source=source,
        plugin_files=plugin_files,
        page=page,
    )
    return Small(folder, keeper, source, feed, streams, plugin_files, application)
