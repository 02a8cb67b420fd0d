"""The list of what a bundle is made of, as CycloneDX 1.6 JSON: Python, its packages, and the shared libraries.

Deterministic: no random serial number, no time but the build's. Versions are those of the environment that was frozen.

Source: CycloneDX specification 1.6, schema/bom-1.6.schema.json.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug import __version__, files

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.bundling.inventory import Inventory, Package
    from gfplug.project import Project

NAME = "sbom_{platform}.cdx.json"
_OWN_FOLDER = re.compile(r"_internal_[0-9a-z_]+")
_EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")


def describe(project: Project, inventory: Inventory, folder: Path, *, seconds: int) -> bytes:
    """Return the list for a bundle in `folder`.

    Units: `seconds` is the time of the build, since 1970.
    """
    plugin = project.manifest
    own = project.manifest.id.lower()
    packages = [_package(each) for each in inventory.used if each.name.lower() != own]
    components = [_python(inventory), *packages, *_libraries(folder)]
    content: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "gfplug", "version": __version__}]},
            "component": {
                "type": "application",
                "bom-ref": plugin.id,
                "name": plugin.id,
                "version": project.version,
                "description": plugin.name,
            },
        },
        "components": components,
        "dependencies": [{"ref": plugin.id, "dependsOn": sorted(each["bom-ref"] for each in components)}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return (json.dumps({"serialNumber": f"urn:uuid:{serial}", **content}, indent=2) + "\n").encode()


def _package(package: Package) -> dict[str, Any]:
    name = re.sub(r"[-_.]+", "-", package.name).lower()
    reference = f"pkg:pypi/{name}@{package.version.replace('+', '%2B')}"
    return {
        "type": "library",
        "bom-ref": reference,
        "name": package.name,
        "version": package.version,
        **_licenses(package.license),
        "purl": reference,
        "properties": [{"name": "gfplug:record:sha256", "value": package.record}],
    }


def _licenses(text: str) -> dict[str, Any]:
    if not text:
        return {}
    if " " in text and _EXPRESSION.fullmatch(text):
        return {"licenses": [{"expression": text}]}
    return {"licenses": [{"license": {"name": text}}]}


def _python(inventory: Inventory) -> dict[str, Any]:
    reference = f"pkg:generic/python@{inventory.python}"
    return {
        "type": "platform",
        "bom-ref": reference,
        "name": "python",
        "version": inventory.python,
        **_licenses("Python-2.0"),
        "purl": reference,
    }


def _libraries(folder: Path) -> list[dict[str, Any]]:
    """Describe the shared libraries that came from the system or the interpreter, not with a package."""
    found = []
    for path in files.walk(folder):
        inside = path.relative_to(folder)
        if len(inside.parts) == 2 and _OWN_FOLDER.fullmatch(inside.parts[0]) and _is_library(path):  # noqa: PLR2004
            digest = files.sha256_of(path)
            found.append(
                {
                    "type": "file",
                    "bom-ref": f"{inside.as_posix()}#{digest[:16]}",
                    "name": inside.as_posix(),
                    "hashes": [{"alg": "SHA-256", "content": digest}],
                }
            )
    return found


def _is_library(path: Path) -> bool:
    return ".so" in path.suffixes or path.suffix in {".dll", ".dylib"}
