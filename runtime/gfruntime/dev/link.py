"""module.js follows the dataclasses: when a save changed their schema, gfplug links it anew.

The linker is gfplug's, in gfplug's own interpreter; the launcher that `gfplug dev` wrote says how to start it. It runs
after the new code answers: no save waits for it.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "GFPLUG_LINK"
_LOGGER = logging.getLogger("gfplug.dev")
_SECONDS = 120.0
_FOUND = 200
_LINKED = "linked module.js anew, because the dataclasses changed: reload the page in the browser"
_NOT_LINKED = "the dataclasses changed, but module.js could not be linked anew: %s; `gfplug dev` does it, too"
_NO_FORM = "the editors stay as they were: %s"


@dataclass
class Link:
    """What links, for which module.js; nothing, where the frontend has sources of its own."""

    module: Path = Path()
    command: tuple[str, ...] = ()
    path: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def from_environment(cls) -> Link:
        """Take what the launcher left in the environment, out of the author's sight."""
        settings = json.loads(os.environ.pop(VARIABLE, "") or "{}")
        return cls(Path(settings["module"]), tuple(settings["command"]), settings["path"]) if settings else cls()

    def follow(self, resource: Callable[[str], tuple[int, bytes]]) -> None:
        """Compare in the background what a process makes of the dataclasses with module.js, and link if they differ.

        `resource` asks that process for one of its resources, and returns the status and the body.
        """
        if self.command:
            threading.Thread(target=self._follow, args=(resource,), name="link of module.js", daemon=True).start()

    def _follow(self, resource: Callable[[str], tuple[int, bytes]]) -> None:
        with self._lock:  # one after the other: the last save's is the last
            code, body = resource("gfplug/schema")
            schema = json.loads(body) if body.startswith(b"{") else {}
            if code != _FOUND and "message" in schema:
                _LOGGER.warning(_NO_FORM, schema["message"])
            elif "hash" in schema and not self._has(schema["hash"]):
                self._run()

    def _has(self, digest: str) -> bool:
        """Tell whether module.js was linked from a schema: its first line says from which."""
        try:
            with self.module.open(encoding="utf-8") as lines:
                return f"schema {digest} " in lines.readline()
        except OSError:
            return False

    def _run(self) -> None:
        environment = {**os.environ, "PYTHONPATH": self.path}
        try:
            done = subprocess.run(  # noqa: S603  # gfplug, as its own launcher says
                self.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            _LOGGER.warning(_NOT_LINKED, error)
            return
        if done.returncode == 0:
            _LOGGER.info(_LINKED)
        else:
            lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
            _LOGGER.warning(_NOT_LINKED, lines[-1] if lines else f"it ended with status {done.returncode}")
