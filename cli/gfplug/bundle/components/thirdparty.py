"""The third-party files of a bundle: the list of components for programs, the licences for people."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gfplug.bundle.components import component, sbom

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gfplug.bundle.components.component import Component
    from gfplug.bundle.components.inventory import Inventory
    from gfplug.bundle.components.native import Library
    from gfplug.bundle.dist import Bundle
    from gfplug.project.plugin_project import Project

LIST = "sbom_{platform}.cdx.json"
LICENSES = "THIRD-PARTY-LICENSES_{platform}.txt"
_RULE = "=" * 80
_log = logging.getLogger("gfplug")


def write(
    project: Project, inventory: Inventory, bundle: Bundle, platform: str, *, seconds: int, more: Iterable[Library] = ()
) -> None:
    """Write both files into a bundle, and warn about components without a licence text.

    `more` are libraries that were added after freezing. Units: `seconds` is the time of the build, since 1970.
    """
    parts = component.list_components(project, inventory, more=more)
    contents = bundle.folder / f"_internal_{platform}"
    bill = sbom.describe(project, parts, contents, seconds=seconds)
    for name, content in ((LIST, bill), (LICENSES, licenses(parts).encode())):
        path = bundle.folder / name.format(platform=platform)
        path.write_bytes(content)
        path.chmod(0o644)  # Grafana runs as another user
    if silent := [title(part) for part in parts if not part.texts]:
        names = ", ".join(silent)
        _log.warning("Found no licence text of %s: add it to your LICENSE, which goes into the bundle", names)


def licenses(parts: Sequence[Component]) -> str:
    """Return the licence texts of components, one after the other; a text that occurs again is only referenced."""
    sections = ["This plugin contains third-party software under these licences.\n"]
    places: dict[str, str] = {}
    for part in parts:
        sections.append(f"{_RULE}\n{title(part)}\n{' / '.join(part.licenses) or 'see below'}\n{_RULE}\n")
        for label, text in part.texts:
            body = "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
            if body in places:
                sections.append(f"[{label}: as for {places[body]}]\n")
            else:
                places[body] = title(part)
                sections.append(f"[{label}]\n\n{body}\n")
        if not part.texts:
            sections.append("[it includes no text]\n")
    return "\n".join(sections)


def title(part: Component) -> str:
    """Return a component's name and version."""
    return f"{part.name} {part.version}".strip()
