"""The bundle: the folder `dist/` that Grafana mounts. It is assembled elsewhere; `exchange` moves it into place."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.bundle.rules import manifest_rules, named_files
from gfplug.errors import ProjectError
from gfplug.project import names
from gfplug.project.plugin_project import Manifest
from gfplug.untrusted import documents, paths

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from gfplug.bundle.freeze import Frozen
    from gfplug.project.plugin_project import Project

_PLATFORM = re.compile(r"[0-9a-z]+_[0-9a-z]+")
_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)([-+][0-9A-Za-z.+-]+)?")
_DOCUMENTS = ("README.md", "CHANGELOG.md", "LICENSE")
_FRONTEND_FOLDERS = ("img", "dashboards")
_GENERATED_FILES = ("plugin.json", "module.js")
_FOLDERS = ("schema",)  # generated if the author did not write them
_TEXTS = frozenset({"", ".css", ".html", ".js", ".json", ".md", ".svg", ".txt"})


@dataclass(frozen=True, slots=True)
class Bundle:
    """A folder that Grafana can load."""

    folder: Path
    executable: Path

    def files(self) -> list[Path]:
        """List all files and links of the bundle, in a stable order."""
        return files.entries(self.folder)

    def size(self) -> int:
        """Return the bundle's size in bytes."""
        return sum(path.lstat().st_size for path in self.files())


def check(project: Project) -> Manifest:
    """Return the project's plugin.json if a bundle can be built from it.

    Raises: ProjectError naming the part that Grafana would refuse, or that would be written outside the bundle.
    """
    manifest, version = project.manifest, project.version
    if not names.ID.fullmatch(manifest.id):
        raise ProjectError(
            f"plugin.json: {manifest.id!r} is not a plugin id",
            hint="Grafana requires <org>-<name>-datasource, in lower case",
        )
    if not manifest_rules.EXECUTABLE.fullmatch(manifest.executable):
        raise ProjectError(
            f"plugin.json: executable {manifest.executable!r} is not a plain file name", hint='such as "gpx_sales"'
        )
    if not _VERSION.fullmatch(version):
        raise ProjectError(
            f"pyproject.toml: Grafana cannot read the version {version!r}", hint="write three numbers, such as 1.2.0"
        )
    info = manifest.content.get("info")
    manifest_version = info.get("version") if isinstance(info, dict) else None
    if manifest_version not in ("%VERSION%", version):
        raise ProjectError(
            f"plugin.json: info.version is {manifest_version!r}, but pyproject.toml has {version!r}",
            hint='write "%VERSION%" in plugin.json: the build puts the version of pyproject.toml there',
        )
    return manifest


def assemble(
    project: Project,
    frozen: Frozen,
    folder: Path,
    *,
    browser: Mapping[str, bytes],
    day: date,
    build: Mapping[str, Any] | None = None,
) -> Bundle:
    """Assemble a bundle in a new folder; the frozen files are moved there.

    `browser` has module.js and other files of the frontend's build, `day` is the date in plugin.json, `build` is
    info.build unless plugin.json has one. If the frontend's build has a plugin.json, the project's keys
    replace its keys, including those in `info`; its other keys stay.
    Text files get LF line ends, even if git wrote others on this platform: archives of one commit must have identical
    shared files.
    """
    frozen.folder.rename(folder)
    files.write_tree(folder, {name: with_lf(name, content) for name, content in browser.items()})
    (folder / "plugin.json").write_bytes(manifest_text(project, browser.get("plugin.json"), day, build).encode())
    for name, source in shipped_files(project).items():
        if name not in _DOCUMENTS or name not in browser:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(with_lf(name, documents.read_bytes(source)))
    bundle = Bundle(folder, folder / frozen.executable)
    _set_modes_and_drop_links(bundle)
    return bundle


def manifest_text(project: Project, other: bytes | None, day: date, build: Mapping[str, Any] | None = None) -> str:
    """Return the text of a bundle's plugin.json: the project's, completed by the frontend's and the build's.

    Raises: ProjectError if it is not a JSON object.
    """
    text = documents.read_text(project.root / "plugin.json")
    return _manifest(text.replace("%VERSION%", project.version).replace("%TODAY%", day.isoformat()), other, build)


def with_lf(name: str, content: bytes) -> bytes:
    """Return a file's content with LF line ends, if its name and content are those of a text."""
    is_text = PurePosixPath(name).suffix.lower() in _TEXTS and b"\0" not in content
    return content.replace(b"\r\n", b"\n") if is_text else content


def shipped_files(project: Project) -> dict[str, Path]:
    """Map the paths in a bundle of files that are copied unchanged from a project to their sources.

    Files that plugin.json names are searched in `frontend/`, and then beside plugin.json.
    Raises: ProjectError if a link leads out of the project.
    """
    names = {name: name for name in _DOCUMENTS if os.path.lexists(project.root / name)}
    manifest_files = set(filter(_may_ship, named_files.named_by(project.manifest.content)))
    for place in sorted({*_FOLDERS, *manifest_files}):
        names |= _map_files(project.root, place, parent="")
    for place in sorted({*_FRONTEND_FOLDERS, *manifest_files}):
        names |= _map_files(project.root, place, parent="frontend/")
    return {name: paths.require_no_escape(project.root, source) for name, source in names.items()}


def _may_ship(name: str) -> bool:
    """Tell whether a file in plugin.json may be copied unchanged: not hidden, and not generated by the build."""
    return paths.is_inside(name) and not re.search(r"(^|/)\.", name) and name not in _GENERATED_FILES


def _map_files(root: Path, place: str, *, parent: str) -> dict[str, str]:
    """Map the paths of a file, or of all files of a folder, without the parent's path, to their sources."""
    top = root / parent / place
    paths_below = [top] if top.is_file() else files.walk(top)
    sources = [path.relative_to(root).as_posix() for path in paths_below]
    return {source.removeprefix(parent): source for source in sources}


def _manifest(text: str, other: bytes | None, build: Mapping[str, Any] | None = None) -> str:
    """Return the text of plugin.json: the project's, over the frontend's, over `info.build`."""
    if other is None and not build:
        return text
    ours = _parse("plugin.json", text)
    theirs = {} if other is None else _parse("the frontend's plugin.json", other)
    info = {**({"build": dict(build)} if build else {}), **theirs.get("info", {}), **ours.get("info", {})}
    return files.json_text({**theirs, **ours, "info": info}, indent=2) + "\n"


def _parse(source: str, content: str | bytes) -> dict[str, Any]:
    try:
        manifest = documents.parse_json(content)
    except ValueError as error:
        raise ProjectError(f"{source} is not valid JSON: {error}", hint="fix that line") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("info", {}), dict):
        raise ProjectError(f"{source} is not a JSON object whose info is an object")
    return manifest


def _set_modes_and_drop_links(bundle: Bundle) -> None:
    """Set the mode of every file; remove links that are broken or lead out of the bundle."""
    root = bundle.folder.resolve()
    for path in bundle.files():
        if path.is_symlink():
            if not (path.exists() and path.resolve().is_relative_to(root)):
                path.unlink()
        else:
            path.chmod(0o755 if path == bundle.executable or _is_program(path) else 0o644)
    for path in [bundle.folder, *bundle.folder.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def _is_program(path: Path) -> bool:
    """Tell whether a file is a program; wheels also mark libraries as executable."""
    library = ".so" in path.suffixes or path.suffix in {".dylib", ".pyd", ".dll", ".py"}
    return bool(path.stat().st_mode & 0o100) and not library


@dataclass(frozen=True, slots=True)
class BundleLocation:
    """The path of a built bundle, and its archives."""

    folder: Path
    manifest: Manifest
    archives: tuple[Path, ...]


def locate_bundle(target: Path) -> BundleLocation:
    """Return the bundle of a project, or the bundle in a folder.

    Raises: ProjectError if there is no bundle.
    """
    if not target.exists():
        raise ProjectError(f"{target} does not exist", hint="name a project, or a dist folder")
    folder = target / "dist" if (target / "dist" / "plugin.json").is_file() else target
    if not (folder / "plugin.json").is_file() or folder.joinpath("gfplug.lock").is_file():
        raise ProjectError(f"there is no bundle in {target}", hint="run `gfplug build` first")
    manifest = Manifest.read(folder / "plugin.json")
    stem = f"{manifest.id}-{manifest.version}"
    programs = {path.name.removeprefix(f"{manifest.executable}_").removesuffix(".exe") for path in folder.iterdir()}
    platforms = sorted(filter(_PLATFORM.fullmatch, programs))
    archives = [folder.parent / "artifacts" / f"{stem}.{platform}.zip" for platform in platforms]
    return BundleLocation(folder=folder, manifest=manifest, archives=tuple(path for path in archives if path.is_file()))
