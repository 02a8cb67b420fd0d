"""A frontend with its own sources: the output of `npm run build` goes into the bundle.

This module knows where such a frontend is (`frontend/package.json`, or an adopted plugin's: `frontend/adopted.json`),
when its packages must be installed, and which files of its output are used. The frontend defines its build.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import files, process
from gfplug.errors import ProjectError, ToolError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gfplug.project.plugin_project import Project

ADOPTED = "adopted.json"
_PACKAGE = "package.json"
_LOCK = "package-lock.json"
_log = logging.getLogger("gfplug")
_LOCKS = {"yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm", _LOCK: "npm"}
_NPM_TIMEOUT_SECONDS = 900.0
_MAX_FILE_BYTES = 1 << 28
_NOT_SOURCES = {".git", "node_modules", "dist", "coverage", ".yarn"}
_NODE = "install Node.js, which includes npm; the default frontend (--frontend schema) needs neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontend:
    """A folder with a package.json, and the backend's folder inside it, if any, which is not part of its sources."""

    folder: Path
    backend: Path

    @property
    def output(self) -> Path:
        """The folder with the output of its build."""
        return self.folder / "dist"

    @property
    def manager(self) -> str:
        """The program that installs its packages: npm, unless a lock file says otherwise."""
        return next((name for lock, name in _LOCKS.items() if (self.folder / lock).is_file()), "npm")


def locate_frontend(project: Project) -> Frontend | None:
    """Return the project's own frontend, or that of the adopted plugin; None if gfplug links the editors.

    Raises: ProjectError if `frontend/adopted.json` names no frontend.
    """
    folder = project.root / "frontend"
    if (folder / _PACKAGE).is_file():
        return Frontend(folder=folder, backend=folder / "dist")
    note = folder / ADOPTED
    if not note.is_file():
        return None
    try:
        target = (folder / documents.read_json(note)["folder"]).resolve()
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise ProjectError(f'{note} is not a JSON object with "folder"') from error
    if not (target / _PACKAGE).is_file():
        raise ProjectError(f"{target} has no {_PACKAGE}", hint=f"set the frontend's folder in {note}")
    return Frontend(folder=target, backend=project.root)


def state(frontend: Frontend | None) -> str:
    """Return the digest of a frontend's sources; empty without a frontend."""
    if frontend is None:
        return ""
    digests = {path.relative_to(frontend.folder).as_posix(): files.sha256_of(path) for path in list_sources(frontend)}
    return files.sha256(json.dumps(digests, sort_keys=True).encode())


def build(frontend: Frontend) -> dict[str, bytes]:
    """Install the packages if necessary, run the frontend's own build, and return its files by name.

    Raises: ToolError with the last lines of the failed step, or if there is no module.js afterwards.
    """
    if not _is_installed(frontend):
        if frontend.manager != "npm":
            raise ToolError(
                f"the packages of {frontend.folder} are not installed",
                hint=f"run `{frontend.manager} install` there",
            )
        command = ["npm", "ci", "--include=dev", "--no-audit", "--no-fund", "--prefer-offline"]
        if not (frontend.folder / _LOCK).is_file():
            command[1] = "install"
        _log.info("Installing the packages of %s: %s", frontend.folder, " ".join(command[:2]))
        process.run(
            command,
            cwd=frontend.folder,
            what="installing the frontend's packages",
            hint=_NODE,
            timeout=_NPM_TIMEOUT_SECONDS,
        )
    process.run(
        [frontend.manager, "run", "build"],
        cwd=frontend.folder,
        env={**os.environ, "NODE_ENV": "production"},
        what="building the frontend",
        hint=_NODE,
        timeout=_NPM_TIMEOUT_SECONDS,
    )
    contents = read_output(frontend)
    if "module.js" not in contents:
        raise ToolError(f"the frontend's build wrote no module.js to {frontend.output}")
    return contents


def read_output(frontend: Frontend) -> dict[str, bytes]:
    """Return the files of the last build, by name; empty before the first build."""
    return {
        path.relative_to(frontend.output).as_posix(): documents.read_bytes(path, most=_MAX_FILE_BYTES)
        for path in files.walk(frontend.output)
    }


def _is_installed(frontend: Frontend) -> bool:
    """Tell whether every package of the lock file is installed in its version, except those for other platforms."""
    modules = frontend.folder / "node_modules"
    lock = frontend.folder / _LOCK
    if not lock.is_file():
        return modules.is_dir()
    content = documents.read_json(lock, broken="let npm write it again")
    packages = content.get("packages", {}) if isinstance(content, dict) else None
    if not isinstance(packages, dict) or not all(isinstance(entry, dict) for entry in packages.values()):
        raise ProjectError(f"{lock} has no object of packages", hint="let npm write it again")
    required = {name: entry for name, entry in packages.items() if name and not _may_lack(entry)}
    return all(_version(frontend.folder / name) == entry.get("version") for name, entry in required.items())


def _may_lack(entry: dict[str, Any]) -> bool:
    return bool(entry.get("optional") or entry.get("peer") or entry.get("devOptional") or entry.get("link"))


def _version(package: Path) -> str:
    try:
        return str(documents.read_json(package / _PACKAGE)["version"])
    except (ProjectError, KeyError, TypeError):
        return ""


def list_sources(frontend: Frontend) -> Iterator[Path]:
    """Yield the files that a build reads, without the packages."""
    for folder, names, file_names in os.walk(frontend.folder):
        here = Path(folder)
        names[:] = sorted(name for name in names if name not in _NOT_SOURCES and here / name != frontend.backend)
        yield from (here / name for name in sorted(file_names) if (here / name).is_file())
