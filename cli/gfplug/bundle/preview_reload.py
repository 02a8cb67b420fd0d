"""Reload parts of a running preview after a save: code, module.js, the data source, dashboards, alert rules.

`gfruntime.dev` reloads the plugin itself, while the connection stays; its log says when. This module watches all other
files, in the same way.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug.bundle.preview_snapshot import ProjectSnapshot, take_snapshot
from gfplug.errors import GfplugError, ProjectError
from gfplug.host import known_keys
from gfplug.host.logs import LogLine
from gfplug.host.preview.failure_answers import describe
from gfplug.host.preview.plugin_keeper import DownError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gfplug.bundle.browser_files import SourceFiles
    from gfplug.host.client import RunningPlugin
    from gfplug.host.preview.data_source import DataSource
    from gfplug.host.preview.event_feed import EventFeed
    from gfplug.host.preview.plugin_keeper import PluginKeeper
    from gfplug.host.preview.project_provisioning import Provisioning

_LOOK_SECONDS = 0.1
_SETTLE_SECONDS = 0.03
_SCHEMA_SECONDS = 60.0
_RELOADED = re.compile(r"reloaded \(pid \d+\)")
_CODE_REFUSED = "the saved code cannot be used: "
_OK = 200
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True)
class _Reload:
    """The state of a reload: the plugin runs the saved code, or the saved code can't be used."""

    problem: str = ""


class Reloader:
    """Updates the preview after each save; `watch` must be called with every line of the plugin's log."""

    def __init__(
        self,
        plugin_files: SourceFiles,
        *,
        source: DataSource,
        provisioning: Provisioning,
        provisioned: Mapping[str, Any],
        feed: EventFeed,
    ) -> None:
        """Prepare to watch; `provisioned` is the data source's first state."""
        self._files = plugin_files
        self._source = source
        self._provisioning = provisioning
        self._feed = feed
        self._reloads: queue.Queue[_Reload] = queue.Queue()
        self._stopping = threading.Event()
        self._provisioned = provisioned
        self._began = time.monotonic()
        self._keeper: PluginKeeper | None = None
        self._thread = threading.Thread(target=self._run, name="preview reload", daemon=True)

    def watch(self, line: LogLine) -> None:
        """Read a line of the plugin's supervisor."""
        if _RELOADED.fullmatch(line.message):
            self._reloads.put(_Reload())
        elif line.message.startswith(_CODE_REFUSED):
            self._reloads.put(_Reload(line.message))

    def start(self, keeper: PluginKeeper) -> None:
        """Start to build module.js for the first time, and to watch; open pages get an event."""
        self._keeper = keeper
        self._last_snapshot = self._look()
        self._thread.start()

    def follow_start(self) -> None:
        """Build module.js if it was not built yet."""
        if self._files.module_address() is None:
            self._reloads.put(_Reload())

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        step = self._build_first
        while not self._stopping.is_set():
            before = self._last_snapshot
            try:
                step()
            except OSError as error:  # a file is being replaced: the next check reads it
                self._last_snapshot = before
                _log.debug("the project's files could not be read: %s", error)
            except Exception as error:  # noqa: BLE001 - the next save is to be followed
                _log.exception("a save could not be processed; this is a bug in gfplug")
                value = {
                    "state": "failed",
                    "message": f"the save could not be processed: {error}",
                    "hint": "",
                    "details": "",
                }
                self._feed.publish_masked("reload", value)
            step = self._follow

    def _build_first(self) -> None:
        if self._files.frontend is None:
            self._relink()
        else:
            self._files.rebuild(is_first=True)
        self._tell_ready(has_module=True)
        if self._files.frontend is None:
            self._warn_of_unknown()

    def _follow(self) -> None:
        with contextlib.suppress(queue.Empty):
            self._reload(self._reloads.get(timeout=_LOOK_SECONDS))
        self._compare()

    def _reload(self, reload: _Reload) -> None:
        if reload.problem:
            value = {"state": "failed", "message": reload.problem, "hint": "", "details": ""}
            self._feed.publish_masked("reload", value)
            return
        has_module = self._files.frontend is None and self._remake()
        self._tell_ready(code=True, has_module=has_module)

    def _compare(self) -> None:
        """Check the files, and once a save is complete, reload what changed."""
        now = self._look()
        if now == self._last_snapshot:
            return
        while not self._stopping.wait(_SETTLE_SECONDS) and (later := self._look()) != now:
            now = later
        before, self._last_snapshot = self._last_snapshot, now
        self._began = time.monotonic()
        self._feed.publish("reload", {"state": "started"})
        changed_page = now.frontend != before.frontend
        has_module = self._remake() if changed_page else False
        if now.provisioning != before.provisioning:
            self._tell_ready(has_module=has_module, **self._reprovision(before, now))
        elif changed_page and self._files.problem is None:
            self._tell_ready(has_module=has_module)

    def _remake(self) -> bool:
        """Build module.js again after a change of the frontend's files."""
        has_module = self._relink() if self._files.frontend is None else self._files.rebuild()
        if problem := self._files.problem:
            self._feed.publish_masked("reload", {"state": "failed", **describe(problem)})
        return has_module

    def _relink(self) -> bool:
        assert self._keeper is not None  # noqa: S101 - set by `start`
        try:
            is_new = self._files.relink(read_schema(self._keeper.plugin()))
        except GfplugError as error:
            self._files.refuse(error)
            return False
        return is_new

    def _warn_of_unknown(self) -> None:
        """Warn about provisioned keys that the plugin does not read, as `gfplug call` does."""
        assert self._keeper is not None  # noqa: S101 - set by `start`
        try:
            reply = known_keys.ask(self._keeper.plugin(), timeout=_SCHEMA_SECONDS)
            keys, source = known_keys.KnownKeys.from_json(reply, self._files.project), self._provisioning.source()
        except DownError:  # its own error says more
            return
        except GfplugError as error:
            _log.warning("%s", error.message)
            return
        if source is None:
            return
        for each in known_keys.of_source(keys, source[1]):
            message = f"{self._provisioning.name_of(source[0])}: {each.sentence}"
            self._feed.add_line(LogLine(level="warn", message=message, fields={"hint": each.hint}))
            _log.warning("%s", message)

    def _reprovision(self, before: ProjectSnapshot, now: ProjectSnapshot) -> dict[str, bool]:
        names = {path for path, state in now.provisioning.items() if before.provisioning.get(path) != state}
        names |= before.provisioning.keys() - now.provisioning.keys()
        parts = {part: any(f"/{part}/" in name.replace("\\", "/") for name in names) for part in _PARTS.values()}
        changes = {key: parts[part] for key, part in _PARTS.items()}
        if changes["settings"]:
            try:
                value = self._provisioning.value()
                self._source.merge(self._provisioned, value)
                self._provisioned = value
                self._feed.publish("settings", self._source.for_page())
            except GfplugError as error:
                self._feed.publish_masked("reload", {"state": "failed", **describe(error)})
        return changes

    def _tell_ready(self, *, code: bool = False, has_module: bool = False, **changes: bool) -> None:
        value = {
            "settings": False,
            "dashboards": False,
            "rules": False,
            **changes,
            "state": "ready",
            "code": code,
            "module": self._files.module_address() if has_module else None,
            "milliseconds": round((time.monotonic() - self._began) * 1000),
        }
        self._feed.publish("reload", value)

    def _look(self) -> ProjectSnapshot:
        return take_snapshot(self._files, self._provisioning.folders)


_PARTS = {"settings": "datasources", "dashboards": "dashboards", "rules": "alerting"}


def read_schema(plugin: RunningPlugin) -> dict[str, Any]:
    """Ask the plugin for the schema of its dataclasses.

    Raises: ProjectError with the plugin's message if they can't become a form, or its code can't be loaded; ToolError
    if it does not answer.
    """
    reply = plugin.call_resource("gfplug/schema", timeout=_SCHEMA_SECONDS)
    try:
        schema = documents.parse_json(reply.body)
    except ValueError:
        schema = None
    if not isinstance(schema, dict) or reply.status != _OK or "hash" not in schema:
        message = schema.get("message") if isinstance(schema, dict) else ""
        raise ProjectError(
            str(message or "the plugin returns no schema of its dataclasses"), hint="fix src/plugin/datasource.py"
        )
    return schema
