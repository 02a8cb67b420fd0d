"""Place a bundle's libraries, and replace PyInstaller's links to them.

On macOS, PyInstaller makes each library load `@rpath/NAME`, and the top of the contents folder is the only run path:
it has links to the libraries of packages. Unpackers lose links, so this module puts the library itself at the top, and
the link in its package. On other systems the links stay; `gfplug build` removes those that no library needs.

Source: PyInstaller 6.22, depend/bindepend.py (binary_dependency_analysis), utils/osx.py (set_dylib_dependency_paths).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Entry", "put_libraries_first"]

Entry = tuple[str, str, str]
"""An item that PyInstaller collects: a path in the bundle, its source (of a link: its target), and its kind."""

_LINK = "SYMLINK"
_FRAMEWORK = ".framework/"


def put_libraries_first(entries: Sequence[Entry]) -> list[Entry]:
    """Swap each link at the top with the library that it points to.

    A framework's library leaves no link in its folder: the files that make the folder a framework are removed too.
    """
    kinds = {place: kind for place, _, kind in entries}
    targets = {place: _target(place, source) for place, source, kind in entries if kind == _LINK}
    moves: dict[str, str] = {}
    for link, target in targets.items():
        if "/" not in link and kinds.get(target) == "BINARY":
            moves.setdefault(target, link)
    frameworks = tuple(_framework(place) for place in moves if _FRAMEWORK in place)
    result: list[Entry] = []
    for place, source, kind in entries:
        if place in moves:
            result.append((moves[place], source, kind))
        elif place in moves.values() or (place.startswith(frameworks) and _is_frame(place, kind)):
            continue
        elif kind == _LINK:
            result.append(_link(place, moves.get(targets[place], targets[place])))
        else:
            result.append((place, source, kind))
    return result + [_link(place, library) for place, library in moves.items() if _FRAMEWORK not in place]


def _target(place: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), source))


def _link(place: str, target: str) -> Entry:
    return place, posixpath.relpath(target, posixpath.dirname(place) or "."), _LINK


def _is_frame(place: str, kind: str) -> bool:
    return kind == _LINK or place.endswith("/Info.plist")


def _framework(place: str) -> str:
    return place[: place.index(_FRAMEWORK) + len(_FRAMEWORK)]
