"""The list of what a bundle is made of, as CycloneDX 1.6 JSON.

Deterministic: no random serial number, no time but the build's.

Source: CycloneDX specification 1.6, schema/bom-1.6.schema.json.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug import __version__, files
from gfplug.bundle.components import spdx

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gfplug.bundle.components.component import Component
    from gfplug.project.plugin_project import Project


def describe(project: Project, components: Sequence[Component], contents: Path, *, seconds: int) -> bytes:
    """Return the list of components for a bundle whose libraries are in the folder `contents`.

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
            "tools": {"components": [{"type": "application", "name": "gfplug", "version": __version__}]},
            "component": {
                "type": "application",
                "bom-ref": plugin.id,
                "name": plugin.id,
                "version": project.version,
                "description": plugin.name,
            },
        },
        "components": entries,
        "dependencies": [{"ref": plugin.id, "dependsOn": sorted(each["bom-ref"] for each in entries)}],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return (json.dumps({"serialNumber": f"urn:uuid:{serial}", **content}, indent=2) + "\n").encode()


def _component(component: Component, contents: Path) -> dict[str, Any]:
    places = [{"location": f"{contents.name}/{name}"} for name in component.inside]
    fields = {
        "type": "platform" if component.is_platform else "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "hashes": [{"alg": "SHA-256", "content": component.sha256}] if component.sha256 else [],
        "licenses": spdx.to_cyclonedx(component.licenses),
        "cpe": component.cpe,
        "purl": component.purl,
        "components": [_file(contents, name) for name in component.files],
        "evidence": {"occurrences": places} if places else {},
    }
    return {key: value for key, value in fields.items() if value}


def _file(contents: Path, library: str) -> dict[str, Any]:
    name, digest = f"{contents.name}/{library}", files.sha256_of(contents / library)
    return {
        "type": "file",
        "bom-ref": f"{name}#{digest[:16]}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
