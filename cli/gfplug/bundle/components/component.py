"""Third-party components of a bundle: Python, its packages, native libraries; names, versions and licences."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from gfplug import files
from gfplug.bundle.components import embedded, spdx, upstreams
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gfplug.bundle.components.inventory import Inventory, Package
    from gfplug.bundle.components.native import Library
    from gfplug.project.plugin_project import Project

_TEXTS = Path(__file__).parent / "texts"
_RELEASE = re.compile(r"\d+(\.\d+)*[a-z]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One third-party component; unknown fields are empty.

    A component from an index has the name and version that advisories use; `installed_version` is its actual version if
    it differs. `licenses` are SPDX expressions or plain words. `sha256` is the digest of its archive; `files` are its
    libraries in the contents folder; `inside` are the files of that folder that contain its code; `parts` are the
    components compiled into it. `texts` are its licences: pairs of a source and a text.
    """

    name: str
    version: str
    purl: str
    licenses: tuple[str, ...]
    installed_version: str = ""
    is_platform: bool = False
    cpe: str = ""
    sha256: str = ""
    files: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    parts: tuple[embedded.Part, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


def list_components(project: Project, inventory: Inventory, *, more: Iterable[Library] = ()) -> list[Component]:
    """List the components of a project's bundle; `more` are libraries that were added after freezing."""
    wheels = _wheels(project.root / "vendor")
    own = own_names(project)
    packages = [_package(each, wheels) for each in inventory.bundled if canonicalize_name(each.name) not in own]
    libraries: dict[str, Component] = {}
    python = _python(inventory)
    for library in (*inventory.libraries, *more):
        if library.upstream == upstreams.PYTHON and not library.purl:
            python = replace(python, files=(*python.files, library.file))
            continue
        component = _library(library)
        other = libraries.get(component.purl, replace(component, files=(), inside=()))
        libraries[component.purl] = replace(
            other, files=(*other.files, *component.files), inside=(*other.inside, *component.inside)
        )
    return [python, *packages, *(libraries[purl] for purl in sorted(libraries))]


def own_names(project: Project) -> set[str]:
    """Return the names under which the plugin itself may be installed."""
    return {canonicalize_name(name) for name in (project.manifest.id, str(project.pyproject.get("name", "")))}


def _python(inventory: Inventory) -> Component:
    upstream = upstreams.UPSTREAMS[upstreams.PYTHON]
    return Component(
        name=upstreams.PYTHON,
        version=inventory.python,
        purl=generic(upstreams.PYTHON, inventory.python),
        licenses=(upstream.license,),
        is_platform=True,
        cpe=_cpe(upstream, inventory.python),
        texts=_read({"LICENSE of this Python": inventory.license}) or _shipped_texts(upstream.texts),
    )


def _package(package: Package, wheels: dict[tuple[str, str], str]) -> Component:
    """Describe a Python package; a package from elsewhere is never treated as the index's package of the same name."""
    name = canonicalize_name(package.name)
    licenses = spdx.statements(expression=package.expression, text=package.license, classifiers=package.classifiers)
    wheel = wheels.get((name, _normal(package.version)), "")
    component = Component(
        name=package.name,
        version=package.version,
        purl=_unpublished(name, package, wheel or package.sha256),
        licenses=licenses,
        sha256=wheel or package.sha256,
        parts=embedded.read(package.sboms, own=name),
        texts=_read(package.texts) or _standard(package, licenses),
    )
    if wheel or not package.is_from_index:
        return component
    version = _normal(package.version).partition("+")[0]  # indexes and advisories have no local versions
    return replace(
        component,
        name=name,
        version=version,
        purl=f"pkg:pypi/{name}@{quote(version, safe='!')}",
        installed_version=package.version if package.version != version else "",
    )


def _unpublished(name: str, package: Package, sha256: str) -> str:
    facts = {"checksum": sha256 and f"sha256:{sha256}", "vcs_url": package.repository}
    qualifiers = "&".join(f"{key}={quote(text, safe=':/')}" for key, text in facts.items() if text)
    return generic(name, package.version) + (f"?{qualifiers}" if qualifiers else "")


def generic(name: str, version: str) -> str:
    """Return the package URL of a component that is not in an index."""
    return f"pkg:generic/{quote(name)}" + (f"@{quote(version)}" if version else "")


def _normal(version: str) -> str:
    """Return a version in the form of indexes and advisories; unchanged if it is not a Python version."""
    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _library(library: Library) -> Component:
    upstream = upstreams.describe_version(library.upstream, library.version)
    version = library.package_version or library.version
    texts = _read({f"copyright of Debian's {library.package}": library.text})
    return Component(
        name=library.package or library.upstream,
        version=version,
        purl=library.purl or generic(library.upstream, version),
        licenses=(upstream.license,) if upstream else (),
        cpe=_cpe(upstream, library.version) if upstream and library.upstream != upstreams.PYTHON else "",
        files=() if library.is_inside else (library.file,),
        inside=(library.file,) if library.is_inside else (),
        texts=(*(_shipped_texts(upstream.texts) if upstream else ()), *texts),
    )


def _cpe(upstream: upstreams.NativeProject, version: str) -> str:
    return f"cpe:2.3:a:{upstream.cpe}:{version}:*:*:*:*:*:*:*" if upstream.cpe and _RELEASE.fullmatch(version) else ""


def _wheels(folder: Path) -> dict[tuple[str, str], str]:
    """Return the digests of the wheels in a folder, by name and version."""
    digests: dict[tuple[str, str], str] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, _, _ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        digests[name, str(version)] = files.sha256_of(path)
    return digests


def _standard(package: Package, licenses: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the texts of the licences that a package names but does not include; empty if gfplug lacks one of them."""
    names = [name for text in licenses for name in spdx.ids(text)]
    if not names or not all((_TEXTS / f"{name}.txt").is_file() for name in names):
        return ()
    author = f"Author: {package.author}" if package.author else "Its metadata names no author."
    return (("its metadata, because it includes no text", author), *_shipped_texts(names))


def _shipped_texts(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((f"text of {name}", (_TEXTS / f"{name}.txt").read_text(encoding="utf-8")) for name in names)


def _read(paths: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Read the texts whose files exist."""
    return tuple(
        (name, documents.read_bytes(Path(path)).decode(errors="replace"))
        for name, path in paths.items()
        if path and Path(path).is_file()
    )
