"""The components of a bundle as CycloneDX 1.6 JSON.

Deterministic: no random serial number, and no time except the build's.

Source: CycloneDX specification 1.6, schema/bom-1.6.schema.json.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug import __version__, files, resources
from gfplug.bundle.components import component, spdx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gfplug.bundle.components.component import Component
    from gfplug.bundle.components.embedded import Part
    from gfplug.project.plugin_project import Project


def describe(project: Project, components: Sequence[Component], contents: Path, *, seconds: int) -> bytes:
    """Return the list of components of a bundle whose libraries are in the folder `contents`.

    Units: `seconds` is the time of the build, since 1970.
    """
    plugin = project.manifest
    entries = [_component(each, contents) for each in components]
    content: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [_gfplug()]},
            "component": {
                "type": "application",
                "bom-ref": plugin.id,
                "name": plugin.id,
                "version": project.version,
                "description": plugin.name,
                "purl": component.generic(plugin.id, project.version),
            },
        },
        "components": entries,
        "dependencies": [{"ref": plugin.id, "dependsOn": sorted(each["bom-ref"] for each in entries)}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return (json.dumps({"serialNumber": f"urn:uuid:{serial}", **content}, indent=2) + "\n").encode()


def _gfplug() -> dict[str, Any]:
    name = "gfplug"
    purl = f"pkg:pypi/{name}@{__version__}" if resources.is_published() else component.generic(name, __version__)
    return {"type": "application", "name": name, "version": __version__, "purl": purl}


def _component(part: Component, contents: Path) -> dict[str, Any]:
    places = [{"location": f"{contents.name}/{name}"} for name in part.inside]
    installed = [{"name": "gfplug:installed-version", "value": part.installed_version}]
    fields = {
        "type": "platform" if part.is_platform else "library",
        "bom-ref": part.purl,
        "name": part.name,
        "version": part.version,
        "hashes": [{"alg": "SHA-256", "content": part.sha256}] if part.sha256 else [],
        "licenses": spdx.to_cyclonedx(part.licenses),
        "cpe": part.cpe,
        "purl": part.purl,
        "components": [
            *(_file(contents, name) for name in part.files),
            *(_part(part.purl, each) for each in part.parts),
        ],
        "properties": installed if part.installed_version else [],
        "evidence": {"occurrences": places} if places else {},
    }
    return {key: value for key, value in fields.items() if value}


def _part(owner: str, part: Part) -> dict[str, Any]:
    fields = {"type": "library", "bom-ref": f"{owner}#{part.name}@{part.version}:{part.purl}", "name": part.name}
    return {**fields, **({"version": part.version} if part.version else {}), "purl": part.purl}


def _file(contents: Path, library: str) -> dict[str, Any]:
    name, digest = f"{contents.name}/{library}", files.sha256_of(contents / library)
    return {
        "type": "file",
        "bom-ref": f"{name}#{digest[:16]}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
