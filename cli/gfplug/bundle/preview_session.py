"""Run `gfplug preview` for the length of a block: start the plugin and the server, and reload after each save."""

from __future__ import annotations

import errno
import sys
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.bundle.browser_files import BundleFiles, SourceFiles
from gfplug.bundle.frontend import npm
from gfplug.bundle.preview_reload import Reloader
from gfplug.errors import UsageError
from gfplug.host import call
from gfplug.host.preview.application import Application
from gfplug.host.preview.data_proxy import DataProxy
from gfplug.host.preview.data_source import DataSource
from gfplug.host.preview.event_feed import EventFeed
from gfplug.host.preview.grafana_api import GrafanaApi
from gfplug.host.preview.live_streams import LiveStreams
from gfplug.host.preview.page_files import locate_page
from gfplug.host.preview.plugin_keeper import PluginKeeper
from gfplug.host.preview.preview_api import PreviewApi
from gfplug.host.preview.project_provisioning import Provisioning
from gfplug.host.preview.web_server import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.host.logs import LogLine
    from gfplug.host.preview.page_files import PageFiles
    from gfplug.host.preview.plugin_files import PluginFiles
    from gfplug.host.target import Target
    from gfplug.project.plugin_project import Project

_RELOADING = "gfruntime.dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOptions:
    """The target and the options. Units: `timeout` is the seconds for the handshake and for each answer."""

    target: Path
    python: Path | None = None
    port: int = 0
    grafana: str | None = None
    timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A running preview: its address with the token, an address for a single use, and the page's Grafana version."""

    url: str
    ticket_url: str
    grafana: str
    is_source: bool


@contextmanager
def open_preview(options: PreviewOptions, *, page: PageFiles | None = None) -> Iterator[Preview]:
    """Run a preview for the length of a block.

    A project's source starts while the block runs, and pages show why it fails; a bundle starts before the block.
    Raises: ToolError if the page is not installed, or a bundle can't be started; UsageError for a port that is in use
    or a version of Grafana without a page; ProjectError for an invalid target.
    """
    page = page or locate_page(options.grafana)
    threading.Thread(target=_import_heavy, name="imports", daemon=True).start()
    parts = _prepare(options, page)
    with ExitStack() as stack:
        watch, reloader = parts.watch, parts.reloader
        keeper = PluginKeeper(
            parts.target,
            timeout=options.timeout,
            watch=watch,
            tell=parts.tell,
            retries_first_start=reloader is not None,
        )
        streams = LiveStreams(keeper, parts.source.settings, parts.source.mask)
        server = _listen(_application(parts, keeper, streams, options.timeout), options.port)
        stack.callback(server.server_close)
        if reloader:
            stack.callback(reloader.stop)  # after the plugin's end, so that it waits for no answer
        stack.enter_context(keeper)
        stack.callback(streams.end_all)
        if reloader:
            reloader.start(keeper)
        else:
            keeper.require_start()
        stack.enter_context(server)
        stack.callback(parts.feed.close_all)
        yield Preview(
            url=server.url,
            ticket_url=server.ticket_url(),
            grafana=page.version,
            is_source=parts.plugin_files.is_source,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The parts that exist before the plugin runs."""

    target: Target
    page: PageFiles
    plugin_files: PluginFiles
    provisioning: Provisioning
    source: DataSource
    feed: EventFeed
    reloader: Reloader | None

    def watch(self, line: LogLine) -> None:
        """Pass on a line of the plugin's log."""
        call.log_line(line)
        self.feed.add_line(line)
        if self.reloader:
            self.reloader.watch(line)

    def tell(self, event: str, value: dict[str, Any]) -> None:
        """Tell pages that the plugin runs again, or does not run."""
        self.feed.publish_masked(event, value)
        if self.reloader and event == "up":
            self.reloader.follow_start()


def _prepare(options: PreviewOptions, page: PageFiles) -> _Parts:
    place = call.resolve_target(options.target, python=options.python)
    files: SourceFiles | BundleFiles
    if place.is_source and place.project:
        files = SourceFiles(place.project)
    else:
        files = BundleFiles(Path(place.target.command[0]).parent)
    target = _as_grafana_starts(place.target, page.version, is_source=place.is_source)
    meta = files.meta()
    provisioning = Provisioning(folders=_provisioning_folders(place.project), plugin_id=target.plugin_id)
    provisioned = provisioning.value()
    source = DataSource(
        provisioned,
        plugin_id=target.plugin_id,
        plugin_name=str(meta.get("name", target.plugin_id)),
        logo=meta["info"]["logos"]["small"],
    )
    feed = EventFeed(source.mask)
    reloader = (
        Reloader(files, source=source, provisioning=provisioning, provisioned=provisioned, feed=feed)
        if isinstance(files, SourceFiles)
        else None
    )
    return _Parts(
        target=target,
        page=page,
        plugin_files=files,
        provisioning=provisioning,
        source=source,
        feed=feed,
        reloader=reloader,
    )


def _application(parts: _Parts, keeper: PluginKeeper, streams: LiveStreams, timeout: float) -> Application:
    preview = PreviewApi(
        keeper=keeper,
        source=parts.source,
        feed=parts.feed,
        streams=streams,
        provisioning=parts.provisioning,
        plugin_files=parts.plugin_files,
        page=parts.page,
        timeout=timeout,
    )
    return Application(
        grafana=GrafanaApi(keeper, parts.source, parts.feed, timeout=timeout),
        proxy=DataProxy(parts.source, _routes(parts.plugin_files.meta())),
        preview=preview,
        source=parts.source,
        plugin_files=parts.plugin_files,
        page=parts.page,
    )


def _listen(application: Application, port: int) -> WebServer:
    try:
        return WebServer(application, port=port)
    except OSError as error:
        reason = _port_problem(error)
        if not reason:
            raise
        raise UsageError(f"--port {port}: {reason}", hint="omit --port to use a free one") from error


def _port_problem(error: OSError) -> str:
    """Return why a port can't be opened; empty for another error.

    Source: Microsoft's Winsock reference: WSAEACCES also means that another program uses the port exclusively.
    """
    if error.errno == errno.EADDRINUSE:
        return "another program uses the port"
    if error.errno == errno.EACCES and sys.platform == "win32":
        return "another program uses the port, or Windows reserves it"
    return "you have no permission to open the port" if error.errno == errno.EACCES else ""


def _as_grafana_starts(target: Target, version: str, *, is_source: bool) -> Target:
    """Return the target to start; a project's source is started by the supervisor that reloads it after a save."""
    command = (*target.command[:-1], _RELOADING) if is_source else target.command
    return replace(target, command=command, env={"GF_VERSION": version, **target.env})


def _provisioning_folders(project: Project | None) -> list[Path]:
    """List the folders `provisioning/` of a project, and of the plugin to which it was added."""
    if project is None:
        return []
    frontend = npm.locate_frontend(project)
    roots = dict.fromkeys([project.root, *([frontend.folder] if frontend else [])])
    return [root / "provisioning" for root in roots]


def _import_heavy() -> None:
    """Import the modules that the first answers need, while the plugin starts."""
    import grpc  # noqa: F401, PLC0415 - heavy
    import pyarrow as pa  # noqa: F401, PLC0415 - heavy


def _routes(meta: dict[str, Any]) -> list[dict[str, Any]]:
    routes = meta.get("routes")
    return routes if isinstance(routes, list) else []
