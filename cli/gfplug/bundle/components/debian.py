"""The Debian package of a system file, from dpkg's database files; dpkg itself is not run.

Source: dpkg 1.21, lib/dpkg/dpkg-db (status, info/*.list, info/*.md5sums); package-url/purl-spec, types-doc/deb.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

_ROOT = Path("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """A package; `source` is its source package in security advisories, `distribution` is such as `debian-12`."""

    name: str
    version: str
    architecture: str
    source: str
    distribution: str

    @property
    def purl(self) -> str:
        """Its package URL, which scanners use."""
        facts = {"arch": self.architecture, "distro": self.distribution, "upstream": self.source}
        qualifiers = "&".join(f"{key}={quote(value, safe='')}" for key, value in facts.items() if value)
        vendor = self.distribution.partition("-")[0]
        return f"pkg:deb/{vendor}/{quote(self.name)}@{quote(self.version, safe=':')}?{qualifiers}"


def find_owners(paths: Iterable[Path], root: Path = _ROOT) -> dict[Path, DebianPackage]:
    """Map files to their packages, if the files are unchanged; other files are not in the result."""
    info = root / "var/lib/dpkg/info"
    names = {name: path for path in paths for name in _possible_paths(path)}
    owners: dict[Path, DebianPackage] = {}
    for list_file in sorted(info.glob("*.list")) if names else ():
        lines = list_file.read_text(encoding="utf-8", errors="replace").splitlines()
        for name in names.keys() & set(lines):
            path = names[name]
            if _is_unchanged(path, list_file.with_suffix(".md5sums")) and (package := _package(list_file.stem, root)):
                owners[path] = package
    return owners


def copyright_file(package: DebianPackage, root: Path = _ROOT) -> Path:
    """Return the path of a package's copyright and licences."""
    return root / "usr/share/doc" / package.name / "copyright"


def _possible_paths(path: Path) -> set[str]:
    """List the paths under which a package may list a file: /lib may be a link to /usr/lib, or the reverse."""
    texts = {os.path.abspath(path), os.path.realpath(path)}  # noqa: PTH100 - a link is a name too
    return texts | {text.removeprefix("/usr") for text in texts} | {f"/usr{text}" for text in texts}


def _is_unchanged(path: Path, sums: Path) -> bool:
    """Tell whether a file is unchanged since its package was installed, if the package has digests."""
    real = Path(os.path.realpath(path))
    names = {name.removeprefix("/") for name in _possible_paths(real)}
    lines = sums.read_text(encoding="utf-8").splitlines() if sums.is_file() else []
    digests = {line.partition("  ")[0] for line in lines if line.partition("  ")[2] in names}
    return not digests or hashlib.md5(real.read_bytes(), usedforsecurity=False).hexdigest() in digests


def _package(name: str, root: Path) -> DebianPackage | None:
    """Read a package's entry in dpkg's status file; `name` may end in its architecture."""
    package, _, architecture = name.partition(":")
    for entry in (root / "var/lib/dpkg/status").read_text(encoding="utf-8", errors="replace").split("\n\n"):
        if entry.startswith(f"Package: {package}\n"):
            fields = dict(line.split(": ", 1) for line in entry.splitlines() if ": " in line and line[0] != " ")
            if fields.get("Status", "").endswith(" installed") and architecture in {"", fields["Architecture"]}:
                return DebianPackage(
                    name=package,
                    version=fields["Version"],
                    architecture=fields["Architecture"],
                    source=_source(fields.get("Source", package)),
                    distribution=_distribution(root),
                )
    return None


def _source(text: str) -> str:
    """Convert `bzip2 (1.0.8-5)` to the form of scanners: `bzip2@1.0.8-5`."""
    name, _, version = text.partition(" ")
    return f"{name}@{version.strip('()')}" if version else name


def _distribution(root: Path) -> str:
    release = root / "etc/os-release"
    lines = release.read_text(encoding="utf-8").splitlines() if release.is_file() else []
    facts = {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in lines)}
    return "-".join(part for part in (facts.get("ID", "debian"), facts.get("VERSION_ID", "")) if part)
