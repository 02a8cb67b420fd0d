"""Link module.js again, with gfplug, if a save changed the schema of the dataclasses.

The linker belongs to gfplug and runs in gfplug's interpreter; the launcher of `gfplug dev` passes the command. It runs
after the new code answers, so no save waits for it.
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
_GIT_TIMEOUT_SECONDS = 120.0
_OK = 200
_LINKED = "linked module.js again, because the dataclasses changed: reload the page in the browser"
_NOT_LINKED = "the dataclasses changed, but module.js could not be linked again: %s; start `gfplug dev` again"
_NO_FORM = "the editors are not updated: %s"


@dataclass
class Link:
    """The command that links module.js; empty if the frontend has its own sources."""

    module: Path = Path()
    command: tuple[str, ...] = ()
    path: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def from_environment(cls) -> Link:
        """Read the launcher's variables, and remove them from the environment of the author's code."""
        settings = json.loads(os.environ.pop(VARIABLE, "") or "{}")
        return cls(Path(settings["module"]), tuple(settings["command"]), settings["path"]) if settings else cls()

    def follow(self, resource: Callable[[str], tuple[int, bytes]]) -> None:
        """Compare a process's schema with module.js in the background, and link if they differ.

        `resource` requests a resource of that process, and returns the status and the body.
        """
        if self.command:
            threading.Thread(target=self._follow, args=(resource,), name="link of module.js", daemon=True).start()

    def _follow(self, resource: Callable[[str], tuple[int, bytes]]) -> None:
        with self._lock:  # one link at a time, so that the last save is linked last
            code, body = resource("gfplug/schema")
            schema = json.loads(body) if body.startswith(b"{") else {}
            if code != _OK and "message" in schema:
                _LOGGER.warning(_NO_FORM, schema["message"])
            elif "hash" in schema and not self._has(schema["hash"]):
                self._run()

    def _has(self, digest: str) -> bool:
        """Tell whether module.js was linked from this schema: its first line has the schema's hash."""
        try:
            with self.module.open(encoding="utf-8") as lines:
                return f"schema {digest} " in lines.readline()
        except OSError:
            return False

    def _run(self) -> None:
        environment = {**os.environ, "PYTHONPATH": self.path}
        try:
            process = subprocess.run(  # noqa: S603  # gfplug's own command
                self.command,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_GIT_TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            _LOGGER.warning(_NOT_LINKED, error)
            return
        if process.returncode == 0:
            _LOGGER.info(_LINKED)
        else:
            lines = [line for line in process.stderr.decode(errors="replace").splitlines() if line.strip()]
            _LOGGER.warning(_NOT_LINKED, lines[-1] if lines else f"it ended with status {process.returncode}")
