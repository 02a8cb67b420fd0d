"""A plugin's files in the browser for `gfplug preview`: of a project's source, kept in memory, or of a bundle.

Nothing is written into the project, but by a frontend's own build.
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
_LARGEST = 64 << 20


class SourceFiles:
    """The files of a project, as `gfplug build` would make them; `relink` and `rebuild` bring them up to date."""

    is_source = True

    def __init__(self, project: Project) -> None:
        """Begin without a module.js.

        Raises: ProjectError as `locate_frontend` does.
        """
        self.project = project
        self.frontend = npm.locate_frontend(project)
        self.problem: GfplugError | None = None
        self._lock = threading.Lock()
        self._made: dict[str, bytes] = {}
        self._meta: dict[str, Any] | None = None

    @property
    def is_adopted(self) -> bool:
        """Tell whether the frontend is a plugin's that was there before: its own tools build it on save."""
        return self.frontend is not None and self.frontend.backend == self.project.root

    def relink(self, schema: Mapping[str, Any]) -> bool:
        """Link module.js from the dataclasses' schema, as the plugin says it; tell whether another file came of it."""
        try:
            made = {_MODULE: linker.link_module(self.project, schema).encode()}
        except GfplugError as error:
            self.problem = error
            return False
        return self._keep(made)

    def rebuild(self, *, is_first: bool = False) -> bool:
        """Build a frontend of the project's own where its sources are newer; tell whether another file came of it."""
        frontend = self.frontend
        if frontend is None:
            return False
        try:
            made = npm.build(frontend) if self._is_stale(is_first=is_first) else npm.read_output(frontend)
        except GfplugError as error:
            self.problem = error
            return False
        return self._keep(made)

    def refuse(self, problem: GfplugError) -> None:
        """Keep why there is no new module.js."""
        self.problem = problem

    def read(self, name: str) -> bytes | None:
        """Return a file by its path in the bundle; None if there is none."""
        with self._lock:
            made = self._made.get(name)
        if name == _MANIFEST:
            return self._manifest_text().encode()
        if made is not None:
            return made
        place = dist.shipped_files(self.project).get(name)
        with suppress(FileNotFoundError):
            return documents.read_bytes(place, most=_LARGEST) if place else None
        return None

    def meta(self) -> dict[str, Any]:
        """Return plugin.json as Grafana's frontend sees it; the last one that could be read, once there was one.

        Raises: ProjectError if the first can't be read.
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
        """Return where module.js is; None before the first."""
        with self._lock:
            module = self._made.get(_MODULE)
        return None if module is None else _address(self.project.manifest.id, module)

    def _keep(self, made: dict[str, bytes]) -> bool:
        with self._lock:
            changed, self._made, self.problem = made != self._made, made, None
        self.meta()  # which may be the problem
        return changed

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
            theirs = self._made.get(_MANIFEST)
        return dist.manifest_text(self.project, theirs, datetime.now(UTC).date())


class BundleFiles:
    """The files of a bundle: a `dist/` folder, as Grafana would serve it."""

    is_source = False

    def __init__(self, folder: Path) -> None:
        """Serve a folder.

        Raises: ProjectError if it has no plugin.json.
        """
        self._folder = folder
        self._manifest = Manifest.read(folder / _MANIFEST)

    @property
    def problem(self) -> GfplugError | None:
        """Why there is no module.js."""
        if (self._folder / _MODULE).is_file():
            return None
        return ProjectError(f"{self._folder} holds no {_MODULE}", hint="build it with `gfplug build`")

    def read(self, name: str) -> bytes | None:
        """Return a file by its path; None if there is none."""
        if not paths.is_inside(name):
            return None
        try:
            return documents.read_bytes(paths.require_real(self._folder, name), most=_LARGEST)
        except (FileNotFoundError, ProjectError):
            return None

    def meta(self) -> dict[str, Any]:
        """Return plugin.json as Grafana's frontend sees it."""
        return frontend_meta(self._manifest.content)

    def module_address(self) -> str | None:
        """Return where module.js is; None if there is none."""
        module = self.read(_MODULE)
        return None if module is None else _address(self._manifest.id, module)


def _address(plugin_id: str, module: bytes) -> str:
    return f"public/plugins/{plugin_id}/{_MODULE}?_cache={files.sha256(module)[:12]}"
