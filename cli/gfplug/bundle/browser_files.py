"""A plugin's files for the browser of `gfplug preview`: built from a project's source, in memory, or from a bundle.

Only the build of a frontend with its own sources writes to the project.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.bundle import dist
from gfplug.bundle.frontend import linker, npm
from gfplug.errors import GfplugError, ProjectError
from gfplug.host.preview.plugin_files import frontend_meta
from gfplug.project.plugin_project import Manifest
from gfplug.untrusted import documents, paths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gfplug.project.plugin_project import Project

_MODULE, _MANIFEST = "module.js", "plugin.json"
_MAX_FILE_BYTES = 64 << 20


class SourceFiles:
    """The files of a project, as `gfplug build` would build them; `relink` and `rebuild` update them."""

    is_source = True

    def __init__(self, project: Project) -> None:
        """Start without a module.js.

        Raises: ProjectError as `locate_frontend` does.
        """
        self.project = project
        self.frontend = npm.locate_frontend(project)
        self.problem: GfplugError | None = None
        self._lock = threading.Lock()
        self._built_files: dict[str, bytes] = {}
        self._meta: dict[str, Any] | None = None

    @property
    def is_adopted(self) -> bool:
        """Whether the frontend belongs to an adopted plugin, whose own tools build it after each save."""
        return self.frontend is not None and self.frontend.backend == self.project.root

    def relink(self, schema: Mapping[str, Any]) -> bool:
        """Link module.js from the schema of the plugin's dataclasses; return whether the file changed."""
        try:
            built_files = {_MODULE: linker.link_module(self.project, schema).encode()}
        except GfplugError as error:
            self.problem = error
            return False
        return self._keep(built_files)

    def rebuild(self, *, is_first: bool = False) -> bool:
        """Build the project's own frontend if its sources are newer; return whether the files changed."""
        frontend = self.frontend
        if frontend is None:
            return False
        try:
            built_files = npm.build(frontend) if self._is_stale(is_first=is_first) else npm.read_output(frontend)
        except GfplugError as error:
            self.problem = error
            return False
        return self._keep(built_files)

    def refuse(self, problem: GfplugError) -> None:
        """Store the error that explains why there is no new module.js."""
        self.problem = problem

    def read(self, name: str) -> bytes | None:
        """Return a file by its path in the bundle; None if it does not exist."""
        with self._lock:
            built_files = self._built_files.get(name)
        if name == _MANIFEST:
            return self._manifest_text().encode()
        if built_files is not None:
            return built_files
        place = dist.shipped_files(self.project).get(name)
        with suppress(FileNotFoundError):
            return documents.read_bytes(place, most=_MAX_FILE_BYTES) if place else None
        return None

    def meta(self) -> dict[str, Any]:
        """Return plugin.json as Grafana's frontend gets it; if it can't be read, the last valid version.

        Raises: ProjectError if no version was valid yet.
        """
        try:
            self._meta = frontend_meta(documents.parse_json(self._manifest_text()))
        except (GfplugError, OSError, KeyError, ValueError) as error:
            if self._meta is None:
                raise
            self.problem = (
                error if isinstance(error, GfplugError) else ProjectError(f"plugin.json cannot be used: {error}")
            )
        return self._meta

    def module_address(self) -> str | None:
        """Return the address of module.js; None before the first build."""
        with self._lock:
            module = self._built_files.get(_MODULE)
        return None if module is None else _address(self.project.manifest.id, module)

    def _keep(self, built_files: dict[str, bytes]) -> bool:
        with self._lock:
            is_new, self._built_files, self.problem = built_files != self._built_files, built_files, None
        self.meta()  # may set the problem
        return is_new

    def _is_stale(self, *, is_first: bool) -> bool:
        frontend = self.frontend
        if frontend is None:
            return False
        try:
            module = (frontend.output / _MODULE).stat().st_mtime_ns
        except FileNotFoundError:
            return True
        if self.is_adopted and not is_first:
            return False
        return any(path.stat().st_mtime_ns > module for path in npm.list_sources(frontend))

    def _manifest_text(self) -> str:
        with self._lock:
            theirs = self._built_files.get(_MANIFEST)
        return dist.manifest_text(self.project, theirs, datetime.now(UTC).date())


class BundleFiles:
    """The files of a bundle: a `dist/` folder, as Grafana serves it."""

    is_source = False

    def __init__(self, folder: Path) -> None:
        """Serve a folder.

        Raises: ProjectError if the folder has no plugin.json.
        """
        self._folder = folder
        self._manifest = Manifest.read(folder / _MANIFEST)

    @property
    def problem(self) -> GfplugError | None:
        """The error that explains why there is no module.js."""
        if (self._folder / _MODULE).is_file():
            return None
        return ProjectError(f"{self._folder} has no {_MODULE}", hint="build it with `gfplug build`")

    def read(self, name: str) -> bytes | None:
        """Return a file by its path; None if it does not exist."""
        if not paths.is_inside(name):
            return None
        try:
            return documents.read_bytes(paths.require_no_escape(self._folder, name), most=_MAX_FILE_BYTES)
        except (FileNotFoundError, ProjectError):
            return None

    def meta(self) -> dict[str, Any]:
        """Return plugin.json as Grafana's frontend gets it."""
        return frontend_meta(self._manifest.content)

    def module_address(self) -> str | None:
        """Return the address of module.js; None if there is none."""
        module = self.read(_MODULE)
        return None if module is None else _address(self._manifest.id, module)


def _address(plugin_id: str, module: bytes) -> str:
    return f"public/plugins/{plugin_id}/{_MODULE}?_cache={files.sha256(module)[:12]}"
