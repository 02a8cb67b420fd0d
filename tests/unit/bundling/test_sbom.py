"""The list of components: valid CycloneDX, complete, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from small_project import small_project

from gfplug.bundling import sbom
from gfplug.bundling.inventory import Inventory, Package
from gfplug.project import Project

if TYPE_CHECKING:
    from pathlib import Path

RECORD = "0" * 64
USED = (
    Package(name="grpcio", version="1.85.1", license="Apache-2.0", record=RECORD),
    Package(name="Some_Thing.X", version="1.0+local", license="MIT AND PSF-2.0", record=RECORD),
    Package(name="odd", version="2", license="BSD License (3 clauses)", record=RECORD),
    Package(name="silent", version="3", license="", record=RECORD),
)
STOCK = Inventory(python="3.12.1", build=(), packages=USED, used=USED)


def listed(tmp_path: Path) -> bytes:
    """Describe a small bundle."""
    contents = tmp_path / "dist/_internal_linux_amd64"
    contents.mkdir(parents=True, exist_ok=True)
    (contents / "libz.so.1").write_text("library")
    (contents / "data.txt").write_text("")
    project = Project(tmp_path / "project") if (tmp_path / "project").exists() else small_project(tmp_path / "project")
    return sbom.describe(project, STOCK, tmp_path / "dist", seconds=1_700_000_000)


def test_it_is_valid_cyclonedx(tmp_path: Path) -> None:
    """Judged by the schema of CycloneDX itself, strictly."""
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(listed(tmp_path).decode())

    assert errors is None


def test_everything_in_the_bundle_is_listed(tmp_path: Path) -> None:
    """The plugin, Python, each package with version, licence and digest, each shared library with its SHA-256."""
    content = json.loads(listed(tmp_path))
    components = {each["name"]: each for each in content["components"]}

    assert content["metadata"]["component"]["name"] == "acme-sales-datasource"
    assert list(components) == [
        *("python", "grpcio", "Some_Thing.X", "odd", "silent", "_internal_linux_amd64/libz.so.1"),
    ]
    assert components["Some_Thing.X"]["purl"] == "pkg:pypi/some-thing-x@1.0%2Blocal"
    assert components["grpcio"]["properties"] == [{"name": "gfplug:record:sha256", "value": RECORD}]
    digest = components["_internal_linux_amd64/libz.so.1"]["hashes"][0]["content"]
    assert digest == hashlib.sha256(b"library").hexdigest()


def test_it_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Also its serial number, which follows from the content."""
    assert listed(tmp_path) == listed(tmp_path)
