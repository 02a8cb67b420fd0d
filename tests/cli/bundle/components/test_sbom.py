"""The list of components: valid CycloneDX, complete, readable by scanners, and the same bytes each time."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx_schema import mistakes
from packageurl import PackageURL

from gfplug.bundle.components import component, sbom
from gfplug.bundle.components.inventory import Inventory, Package
from gfplug.bundle.components.native import Library
from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.usefixtures("project")
RECORD = "0" * 64
PACKAGES = (
    Package(name="grpcio", version="1.85.1", expression="Apache-2.0", record=RECORD),
    Package(name="Some_Thing.X", version="1.0+local", license="MIT AND PSF-2.0", record=RECORD),
    Package(name="odd", version="2", license="Very Own License", record=RECORD),
    Package(
        name="several", version="2", classifiers=("License :: OSI Approved :: MIT License", "x :: y"), record=RECORD
    ),
    Package(name="silent", version="3", record=RECORD),
    Package(name="acme_sales-datasource", version="1.2.3", record=RECORD),
)
LIBRARIES = (
    Library(file="libcrypto.so.3", upstream="openssl", version="3.0.15"),
    Library(file="libffi.so.8", upstream="libffi"),
    Library(file="libpython3.12.so.1.0", upstream="python"),
    Library(file="libssl.so.3", upstream="openssl", version="3.0.15"),
    Library(file="libweird.so.2", upstream="libweird"),
    Library(
        file="libz.so.1",
        upstream="zlib",
        version="1.2.13",
        purl="pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib",
        package="zlib1g",
        package_version="1:1.2.13.dfsg-1",
    ),
    Library(file="libpython3.12.so.1.0", upstream="expat", version="2.5.0", is_inside=True),
)
STOCK = Inventory(python="3.12.1", build=(), packages=PACKAGES, bundled=PACKAGES, libraries=LIBRARIES)


def describe(tmp_path: Path) -> bytes:
    """Describe a small bundle; `tmp_path/project` exists already."""
    contents = tmp_path / "dist/_internal_linux_amd64"
    contents.mkdir(parents=True, exist_ok=True)
    for library in LIBRARIES:
        (contents / library.file).write_text(library.file)
    project = Project(tmp_path / "project")
    return sbom.describe(project, component.list_components(project, STOCK), contents, seconds=1_700_000_000)


def by_name(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return the components of a small bundle by their names, in their order."""
    return {each["name"]: each for each in json.loads(describe(tmp_path))["components"]}


def test_the_list_of_components_is_valid_cyclonedx(tmp_path: Path) -> None:
    """The strict JSON schema of CycloneDX accepts it."""
    assert mistakes(describe(tmp_path)) == []


def test_invalid_cyclonedx_is_refused(tmp_path: Path) -> None:
    """The schema refuses an unknown key, an unknown licence and an invalid URL."""
    document = json.loads(describe(tmp_path))
    wrong = [{"license": {"id": "Nope"}}], [{"license": {"id": "MIT", "url": "a b"}}]
    document["components"] += [{"type": "library", "name": "x", "licenses": each} for each in wrong]

    assert len(mistakes(json.dumps(document | {"key": 1}).encode())) == 3


def test_the_list_of_components_has_everything_in_the_bundle(tmp_path: Path) -> None:
    """It lists the plugin, Python, each package except the plugin's own, and each native library with its files."""
    content = json.loads(describe(tmp_path))
    parts = by_name(tmp_path)

    assert content["metadata"]["component"]["name"] == "acme-sales-datasource"
    packages = ["grpcio", "some-thing-x", "odd", "several", "silent"]
    assert list(parts) == ["python", *packages, "zlib1g", "expat", "libffi", "libweird", "openssl"]
    files = [each["name"] for each in parts["openssl"]["components"]]
    assert files == ["_internal_linux_amd64/libcrypto.so.3", "_internal_linux_amd64/libssl.so.3"]
    assert [each["name"] for each in parts["python"]["components"]] == ["_internal_linux_amd64/libpython3.12.so.1.0"]
    places = [{"location": "_internal_linux_amd64/libpython3.12.so.1.0"}]
    assert parts["expat"]["evidence"] == {"occurrences": places}
    digest = parts["zlib1g"]["components"][0]["hashes"][0]["content"]
    assert digest == hashlib.sha256(b"libz.so.1").hexdigest()


def test_every_component_has_a_package_url(tmp_path: Path) -> None:
    """Package URLs follow the standard, components known to the NVD have a CPE, and no version is invented."""
    parts = by_name(tmp_path)

    assert all(PackageURL.from_string(each["purl"]).to_string() == each["purl"] for each in parts.values())
    assert parts["some-thing-x"]["purl"] == "pkg:pypi/some-thing-x@1.0"
    assert parts["openssl"]["purl"] == "pkg:generic/openssl@3.0.15"
    assert (parts["libffi"]["purl"], parts["libweird"]["purl"]) == ("pkg:generic/libffi", "pkg:generic/libweird")
    assert {name for name, each in parts.items() if "version" not in each} == {"libffi", "libweird"}
    assert {name: each["cpe"].split(":")[3:6] for name, each in parts.items() if "cpe" in each} == {
        "python": ["python", "python", "3.12.1"],
        "openssl": ["openssl", "openssl", "3.0.15"],
        "zlib1g": ["zlib", "zlib", "1.2.13"],
        "expat": ["libexpat_project", "libexpat", "2.5.0"],
    }


def test_clear_licences_are_spdx_ids(tmp_path: Path) -> None:
    """A licence is an id, an expression or the package's own text; without a statement it is left out."""
    assert {name: each.get("licenses") for name, each in by_name(tmp_path).items()} == {
        "python": [{"license": {"id": "Python-2.0"}}],
        "grpcio": [{"license": {"id": "Apache-2.0"}}],
        "some-thing-x": [{"expression": "MIT AND PSF-2.0"}],
        "odd": [{"license": {"name": "Very Own License"}}],
        "several": [{"license": {"id": "MIT"}}],
        "silent": None,
        "zlib1g": [{"license": {"id": "Zlib"}}],
        "expat": [{"license": {"id": "MIT"}}],
        "libffi": [{"license": {"id": "MIT"}}],
        "libweird": None,
        "openssl": [{"license": {"id": "Apache-2.0"}}],
    }


def test_the_list_of_components_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    """The serial number follows from the content, so it is also the same."""
    assert describe(tmp_path) == describe(tmp_path)
