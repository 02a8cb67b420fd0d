"""The packages of a project's environment, and the packages in its bundle."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from gfplug import process
from gfplug.bundle.components import native
from gfplug.bundle.components.native import Library
from gfplug.bundle.components.upstreams import PYTHON, UPSTREAMS, name_of
from gfplug.errors import ToolError
from gfplug.project.environment import interpreters
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LIST_TIMEOUT_SECONDS = 120.0
_BINARY, _EXTENSION = "BINARY", "EXTENSION"  # the kinds of PyInstaller's tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An installed package.

    `record` is the SHA-256 of its list of files and their digests, `sha256` that of its archive, if the installer
    recorded it. A package that is not from an index may have a `repository`: a URL and a commit. `expression`,
    `license`, `classifiers` and `author` are its metadata; `texts` maps the names of its licence texts to their paths,
    if it is in the bundle; `sboms` are its lists of compiled-in components. `requires` are its requirements, `modules`
    its import names. `files` is the number of its files in the bundle without metadata, `size` their installed bytes;
    if `is_listed` is false, there is no list of its files.
    """

    name: str
    version: str
    record: str
    expression: str = ""
    license: str = ""
    classifiers: tuple[str, ...] = ()
    author: str = ""
    is_from_index: bool = True
    sha256: str = ""
    repository: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    sboms: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    is_listed: bool = True
    files: int = 0
    size: int = 0

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Package:
        """Read a stored package."""
        return cls(**{**value, **{key: tuple(value[key]) for key in ("classifiers", "sboms", "requires", "modules")}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The packages of one environment, and its Python: `build` has its path and how it was compiled.

    `bundled` are the packages with files in a bundle, `libraries` the native libraries of no package; `license` is the
    path of Python's licence; `markers` are the interpreter's environment markers.
    """

    python: str
    build: tuple[str, ...]
    packages: tuple[Package, ...]
    license: str = ""
    bundled: tuple[Package, ...] = ()
    libraries: tuple[Library, ...] = ()
    markers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is stored beside a frozen plugin."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Inventory:
        """Read a stored inventory."""
        return cls(
            python=value["python"],
            build=tuple(value["build"]),
            packages=tuple(Package.from_json(each) for each in value["packages"]),
            license=value["license"],
            bundled=tuple(Package.from_json(each) for each in value["bundled"]),
            libraries=tuple(Library(**each) for each in value["libraries"]),
            markers=value["markers"],
        )


@dataclass(frozen=True, slots=True)
class CollectedFiles:
    """The files that PyInstaller collected: all paths that it read, and the source of each binary, by kind."""

    paths: frozenset[str] = frozenset()
    binaries: tuple[tuple[str, str, str], ...] = ()


def read_inventory(python: Path, *, collected: CollectedFiles | None = None, note: Path | None = None) -> Inventory:
    """Ask an interpreter for its packages, and for the package of each collected file.

    `note` is the path for the list of files, which is too long for a command line.
    """
    collected = collected or CollectedFiles()
    command: list[str | Path] = [python, "-I", "-B", Path(__file__).with_name("installed.py")]
    if note is not None:
        note.write_text(json.dumps(sorted(collected.paths)), encoding="utf-8")
        command.append(note)
    reply = process.run(
        command, env=interpreters.clean_environment(), what="listing the packages", timeout=_LIST_TIMEOUT_SECONDS
    )
    try:
        report = documents.parse_json(reply.strip().splitlines()[-1])
        packages = [(each.pop("bundled"), Package.from_json(each)) for each in report["packages"]]
        return Inventory(
            python=report["python"],
            build=tuple(report["build"]),
            packages=tuple(package for _, package in packages),
            license=report["license"],
            markers=report["markers"],
            bundled=tuple(package for is_used, package in packages if is_used),
            libraries=_libraries(collected, set(report["unowned"]), report["library"]),
        )
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ToolError(f"{python} does not list its packages", details=reply) from error


def read_collected(work: Path) -> CollectedFiles:
    """Return the files that PyInstaller collected, from the tables in its work folder."""
    tables = {path: ast.literal_eval(path.read_text(encoding="utf-8")) for path in sorted(work.rglob("*.toc"))}
    texts = {text for table in tables.values() for text in _texts(table)}
    binaries = {
        entry
        for path, table in tables.items()
        if path.name.startswith("COLLECT-")
        for entry in table[0]
        if entry[2] in {_BINARY, _EXTENSION}
    }
    return CollectedFiles(frozenset(text for text in texts if Path(text).is_absolute()), tuple(sorted(binaries)))


def _libraries(collected: CollectedFiles, unowned: set[str], standard: Iterable[str]) -> tuple[Library, ...]:
    """Identify the native libraries: those without a package, those inside Python's own files, and copies in wheels.

    Of the system libraries that a tool copied into a wheel, only known ones count.
    """
    binaries = [entry for entry in collected.binaries if entry[1] in unowned]
    shared = {file: Path(path) for file, path, kind in binaries if kind == _BINARY}
    folders = [Path(folder).resolve() for folder in standard]
    own = {file: path for file, path in shared.items() if name_of(file) == PYTHON}
    for file, path, kind in binaries:
        if kind == _EXTENSION and any(Path(path).resolve().is_relative_to(folder) for folder in folders):
            own[file] = Path(path)
    alone = native.identify(shared)
    names = {library.upstream for library in alone}
    inside = tuple(library for library in native.search(own) if library.upstream not in names)
    copied = {file: Path(path) for file, path, _ in collected.binaries if path not in unowned and _is_copy(file)}
    return alone + inside + tuple(each for each in native.identify(copied) if each.upstream in UPSTREAMS)


def _is_copy(file: str) -> bool:
    """Tell whether a tool copied a library into a wheel, as auditwheel, delocate and delvewheel do."""
    return PurePath(file).parent.name.endswith((".libs", ".dylibs"))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple, set)):
        for each in value:
            yield from _texts(each)
