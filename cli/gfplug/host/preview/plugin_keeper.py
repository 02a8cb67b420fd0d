"""Keep the plugin running while the preview runs: start it as Grafana does, and start it again when it ends."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from gfplug.errors import GfplugError, ToolError
from gfplug.host.launch import launch
from gfplug.host.output import describe_exit

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from gfplug.host.client import RunningPlugin
    from gfplug.host.logs import LogLine
    from gfplug.host.target import Target

_LOOK_SECONDS = 0.1
_REST_SECONDS = (1.0, 2.0, 5.0)
_STEADY_SECONDS = 60.0  # a plugin that ran this long has started successfully
_log = logging.getLogger("gfplug")


class DownError(ToolError):
    """The plugin is not running."""


class _EndedError(Exception):
    """The plugin's process ended by itself."""


class PluginKeeper:
    """Runs a plugin during a `with` block; entering the block does not wait for the plugin.

    `watch` is called with each log line, `tell` with `("up", {})` and `("down", {message, hint, details})`.
    Without `retries_first_start` a plugin whose first start fails is not started again: `require_start` raises why.
    Units: `timeout` is the seconds for a handshake.
    """

    def __init__(
        self,
        target: Target,
        *,
        timeout: float,
        watch: Callable[[LogLine], None],
        tell: Callable[[str, dict[str, Any]], None],
        retries_first_start: bool = True,
    ) -> None:
        """Prepare to start the plugin."""
        self._target = target
        self._timeout = timeout
        self._watch = watch
        self._tell = tell
        self._retries_first_start = retries_first_start
        self._stopping = threading.Event()
        self._has_tried = threading.Event()  # set once the first start succeeded or failed
        self._running: RunningPlugin | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._problem: GfplugError | None = None
        self._thread = threading.Thread(target=self._run, name="plugin keeper", daemon=True)

    def __enter__(self) -> Self:
        """Start the plugin."""
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """Stop the plugin, and wait for its end; kill it if it is still starting."""
        is_running = self._running is not None
        self._stopping.set()
        if self._process is not None and not is_running:
            self._process.kill()
        self._thread.join()

    @property
    def problem(self) -> GfplugError | None:
        """Why the plugin is not running; None if it runs, or starts for the first time."""
        return self._problem if self._running is None else None

    def require_start(self) -> None:
        """Wait for the first start.

        Raises: ToolError if the plugin can't be started, as `launch` does.
        """
        while not self._has_tried.wait(_LOOK_SECONDS):  # on Windows, Ctrl-C does not interrupt a wait without a timeout
            pass
        if problem := self.problem:
            raise problem

    def plugin(self) -> RunningPlugin:
        """Return the running plugin; wait for it while it starts for the first time.

        Raises: DownError, with the reason, if the plugin is not running.
        """
        self._has_tried.wait(self._timeout)
        running = self._running
        if running is None:
            reason = self._problem
            raise DownError(
                reason.message if reason else "the plugin is being started",
                hint=reason.hint if reason else "",
                details=reason.details if reason else "",
            )
        return running

    def _run(self) -> None:
        try:
            self._keep()
        finally:
            self._has_tried.set()

    def _keep(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            start = time.monotonic()
            try:
                self._run_once()
            except Exception as failure:  # noqa: BLE001 - without this thread nothing would start the plugin again
                if isinstance(failure, GfplugError):
                    error: GfplugError = failure
                else:
                    _log.exception("the plugin could not be kept running; this is a bug in gfplug")
                    error = ToolError(f"the plugin could not be kept running: {failure}")
                self._problem = error
                if self._stopping.is_set() or not (self._retries_first_start or self._has_tried.is_set()):
                    return
                self._has_tried.set()
                self._tell("down", {"message": error.message, "hint": error.hint, "details": error.details})
                _log.error("%s; starting it again", error.message)
                failures = 0 if time.monotonic() - start > _STEADY_SECONDS else failures
                self._stopping.wait(_REST_SECONDS[min(failures, len(_REST_SECONDS) - 1)])
                failures += 1

    def _note(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        if self._stopping.is_set():
            process.kill()

    def _run_once(self) -> None:
        """Run the plugin until it ends, or must be stopped.

        Raises: ToolError if it does not start, or ends by itself.
        """
        try:
            with launch(self._target, timeout=self._timeout, watch=self._watch, started=self._note) as plugin:
                is_first = not self._has_tried.is_set()
                self._running, self._problem = plugin, None
                self._has_tried.set()
                if not is_first:
                    self._tell("up", {})
                try:
                    while not self._stopping.wait(_LOOK_SECONDS):
                        if plugin.process.poll() is not None:
                            raise _EndedError(describe_exit(plugin.process.returncode))
                finally:
                    self._running = None
        except _EndedError as ended:
            details = plugin.logs.tail()
            raise ToolError(f"the plugin's process ended: {ended}", details=details) from None
