"""Native libraries that belong to no Python package: their projects and versions, as far as the files show them.

A version comes from the text in the library itself, or from the file's Debian package. If neither has it, the version
stays unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug.bundle.components import debian
from gfplug.bundle.components.upstreams import UPSTREAMS, NativeProject, name_of
from gfplug.bundle.elf import MAX_FILE_BYTES
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROOT = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A native library; `file` is its path in the contents folder.

    `upstream` is a key of `UPSTREAMS`, else a name made from the file name; `is_inside` means that `file` is another
    library that contains this one. `purl` and `package_version` are a system package's; `text` is its copyright file.
    """

    file: str
    upstream: str
    version: str = ""
    is_inside: bool = False
    purl: str = ""
    package: str = ""
    package_version: str = ""
    text: str = ""


def identify(binaries: Mapping[str, Path], *, root: Path = _ROOT) -> tuple[Library, ...]:
    """Identify libraries by their original files, which are mapped by their paths in the contents folder."""
    owners = debian.find_owners(binaries.values(), root)
    libraries = [_library(file, path, owners.get(path), root) for file, path in sorted(binaries.items())]
    return tuple(_with_versions(libraries))


def search(binaries: Mapping[str, Path]) -> tuple[Library, ...]:
    """Find the libraries that are linked into Python's own files."""
    libraries = []
    for file, path in sorted(binaries.items()):
        content = documents.read_bytes(path, most=MAX_FILE_BYTES)
        for name, upstream in UPSTREAMS.items():
            if _may_hold(file, upstream) and (version := _version(upstream, content)):
                libraries.append(Library(file=file, upstream=name, version=version, is_inside=True))
    return tuple(libraries)


def _may_hold(file: str, upstream: NativeProject) -> bool:
    name = file.rpartition("/")[2]
    return bool(upstream.marks) and (upstream.is_alone or bool(upstream.host and name.startswith(upstream.host)))


def _library(file: str, path: Path, owner: debian.DebianPackage | None, root: Path) -> Library:
    name = name_of(file)
    upstream = UPSTREAMS.get(name)
    library = Library(
        file=file,
        upstream=name,
        version=_version(upstream, documents.read_bytes(path, most=MAX_FILE_BYTES)) if upstream else "",
    )
    if owner is None:
        return library
    return replace(
        library,
        purl=owner.purl,
        package=owner.name,
        package_version=owner.version,
        text=str(debian.copyright_file(owner, root)),
    )


def _version(upstream: NativeProject, content: bytes) -> str:
    """Return the version in a file; empty if it has none, or several."""
    versions = {match.decode() for match in re.findall(upstream.marks, content)} if upstream.marks else set()
    return versions.pop() if len(versions) == 1 else ""


def _with_versions(libraries: Iterable[Library]) -> list[Library]:
    """Give libraries without a version the version of their project's other libraries: libssl has libcrypto's."""
    libraries = list(libraries)
    versions: dict[str, set[str]] = {}
    for library in libraries:
        if library.version:
            versions.setdefault(library.upstream, set()).add(library.version)
    return [
        replace(library, version=next(iter(versions[library.upstream])))
        if not library.version and len(versions.get(library.upstream, ())) == 1
        else library
        for library in libraries
    ]
