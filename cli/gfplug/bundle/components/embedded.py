"""Components compiled into a package's libraries, as its wheel lists them: cryptography's OpenSSL, crates.

Source: PEP 770 (`*.dist-info/sboms/`); CycloneDX specification 1.6, `components`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_TEXT_CHARACTERS = 1000
_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One compiled-in component; `version` may be empty."""

    name: str
    version: str
    purl: str


def read(paths: Iterable[str], *, own: str) -> tuple[Part, ...]:
    """Read the lists of a package, without entries that have no package URL, and without the package `own` itself.

    A list that is not CycloneDX is ignored.
    """
    parts = {part for path in paths for part in _parts(Path(path))}
    return tuple(sorted(part for part in parts if not part.purl.startswith(f"pkg:pypi/{own}@")))


def _parts(path: Path) -> Iterator[Part]:
    try:
        content = documents.read_json(path)
    except ProjectError:
        return
    entries = content.get("components") if isinstance(content, dict) and content.get("bomFormat") else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and (part := _part(entry)):
            yield part


def _part(entry: dict[str, Any]) -> Part | None:
    texts = [entry.get(key, "") for key in ("name", "version", "purl")]
    if not all(isinstance(text, str) and len(text) <= _MAX_TEXT_CHARACTERS for text in texts):
        return None
    name, version, purl = texts
    if not name or not purl.startswith("pkg:") or not set(purl) <= _SIGNS:
        return None
    address, _, qualifiers = purl.partition("?")
    other_qualifiers = "&".join(
        each for each in qualifiers.split("&") if not each.startswith("download_url=file:")
    )  # a path on the build machine
    return Part(name, version, f"{address}?{other_qualifiers}" if other_qualifiers else address)
