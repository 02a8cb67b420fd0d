"""Add a backend to a data source that has only a frontend: a project in a separate folder, beside the sources."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.scaffold import new
from gfplug.scaffold.choices import ADOPTED
from gfplug.scaffold.template import Answers
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project
    from gfplug.sdk import SdkVersion

_ID = re.compile(r"(?P<org>[0-9a-z]+)-(?P<name>[0-9a-z]+)-datasource")
_VERSION = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}([-+][0-9A-Za-z.+-]{1,80})?")
_PLACES = ("src/plugin.json", "plugin.json")
_ORIGIN = "gfplug adopt DIR: DIR holds the package.json and src/plugin.json of a data source"


def adopt(
    folder: Path,
    *,
    backend: str,
    sdk_version: SdkVersion,
    source: Path | None = None,
    offline: bool = False,
    gfplug: str = "",
) -> Project:
    """Create the project `backend` inside a plugin's folder, and return it; `gfplug` is the answer of that name.

    Raises: ProjectError if the folder has no data source, or has one with a backend; else as `new.create` does.
    """
    folder = folder.absolute()
    manifest = _manifest(folder)
    if Path(backend).name != backend:
        raise ProjectError(
            f"{backend!r} is not the name of a folder", hint="give one name: the folder is made inside the plugin"
        )
    package = _read(folder / "package.json")
    version = _version(package, folder)
    request = new.NewProject(
        answers=replace(_answers(manifest), gfplug=gfplug),
        destination=folder / backend,
        sdk_version=sdk_version,
        source=source,
        offline=offline,
    )
    project = new.create(request)
    if version:
        path = project.root / "pyproject.toml"
        text = path.read_text(encoding="utf-8")
        path.write_bytes(text.replace(f'version = "{project.version}"', f'version = "{version}"', 1).encode())
    return project


def _version(package: dict[str, Any], folder: Path) -> str:
    """Return the version of a package.json; empty if the file has no version.

    Raises: ProjectError if the text is not a version.
    """
    version = package.get("version") or ""
    if version and not (isinstance(version, str) and _VERSION.fullmatch(version)):
        raise ProjectError(f"{folder / 'package.json'}: {str(version)[:40]!r} is not a version", hint="such as 1.2.0")
    return str(version)


def _manifest(folder: Path) -> dict[str, Any]:
    if not (folder / "package.json").is_file():
        raise ProjectError(f"{folder} has no package.json", hint=_ORIGIN)
    place = next((folder / name for name in _PLACES if (folder / name).is_file()), None)
    if place is None:
        raise ProjectError(f"{folder} has no {' or '.join(_PLACES)}", hint=_ORIGIN)
    manifest = _read(place)
    if manifest.get("type") != "datasource":
        raise ProjectError(f"{place} has the type {manifest.get('type')!r}, not datasource", hint=_ORIGIN)
    if manifest.get("backend"):
        raise ProjectError(
            f'the plugin already has a backend: {place} has "backend": true',
            hint="gfplug adopt is for plugins without a backend",
        )
    return manifest


def _answers(manifest: dict[str, Any]) -> Answers:
    """Read the project's answers from the manifest.

    Raises: UsageError if Grafana does not accept the id or a text.
    """
    plugin_id = str(manifest.get("id"))
    if not (parts := _ID.fullmatch(plugin_id)):
        raise ProjectError(f"{plugin_id!r} is not an id that gfplug can build", hint="<org>-<name>-datasource")
    info = manifest.get("info") or {}
    author = info.get("author") or {} if isinstance(info, dict) else None
    if not isinstance(author, dict):
        raise ProjectError(
            "plugin.json: `info` and `info.author` must be objects", hint='such as "info": {"author": {"name": "Me"}}'
        )
    title = str(manifest.get("name") or plugin_id)
    return Answers(
        org=parts["org"],
        name=parts["name"],
        title=title,
        description=str(info.get("description") or f"{title} in Grafana"),
        author=str(author.get("name") or parts["org"]),
        frontend=ADOPTED,
    )


def _read(path: Path) -> dict[str, Any]:
    content = documents.read_json(path)
    if not isinstance(content, dict):
        raise ProjectError(f"{path} is not a JSON object")
    return content
