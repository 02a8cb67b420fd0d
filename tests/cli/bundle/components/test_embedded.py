"""Software that is compiled into wheels, read from the wheels' own lists, which may be invalid."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx_schema import mistakes

from gfplug.bundle.components import component, embedded, sbom
from gfplug.bundle.components.embedded import Part
from gfplug.bundle.components.inventory import Inventory, Package
from gfplug.project.plugin_project import Project

OPENSSL = {
    "type": "library",
    "name": "openssl",
    "version": "4.0.3",
    "purl": "pkg:generic/openssl@4.0.3?download_url=https://x",
}
CRATE = {"name": "cffi", "version": "0.5", "purl": "pkg:cargo/cffi@0.5?download_url=file://../cffi#src"}
SELF = {"name": "crypt", "purl": "pkg:pypi/crypt@1?file_name=crypt.whl"}


def write(path: Path, *components: Any, form: str = "CycloneDX") -> str:
    """Write a list and return its path."""
    path.write_text(json.dumps({"bomFormat": form, "components": components}))
    return str(path)


def test_embedded_parts_have_names_versions_and_package_urls(tmp_path: Path) -> None:
    """Each part is listed once, in order, without the package itself and without paths of the build machine."""
    paths = [write(tmp_path / "a.json", OPENSSL, CRATE, SELF), write(tmp_path / "b.json", OPENSSL)]

    assert embedded.read(paths, own="crypt") == (
        Part("cffi", "0.5", "pkg:cargo/cffi@0.5"),
        Part("openssl", "4.0.3", "pkg:generic/openssl@4.0.3?download_url=https://x"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"spdxVersion": "SPDX-2.3", "components": []}',
        '{"bomFormat": "CycloneDX", "components": {"name": "x"}}',
        '{"bomFormat": "CycloneDX", "components": [1, null, {}, {"name": "x"}, {"name": 5, "purl": "pkg:a/b"}]}',
        '{"bomFormat": "CycloneDX", "components": [{"name": "x", "purl": "https://x"}]}',
        '{"bomFormat": "CycloneDX", "components": [{"name": "x", "purl": "pkg:a/\\u202e"}]}',
    ],
)
def test_an_invalid_list_of_embedded_parts_is_ignored(tmp_path: Path, text: str) -> None:
    """No build fails because of a file in a wheel."""
    (tmp_path / "x.json").write_text(text)

    assert embedded.read([str(tmp_path / "x.json"), str(tmp_path / "gone.json")], own="y") == ()


def test_the_list_of_components_has_embedded_parts_below_their_package(project: Project, tmp_path: Path) -> None:
    """Two packages may contain the same part; the document is valid CycloneDX."""
    lists = (write(tmp_path / "a.json", OPENSSL, {"name": "zlib", "purl": "pkg:generic/zlib"}),)
    packages = tuple(
        Package(name=name, version="1", record="", expression="MIT", sboms=lists) for name in ("crypt", "other")
    )
    stock = Inventory(python="3.12.1", build=(), packages=packages, bundled=packages)
    document = sbom.describe(project, component.list_components(project, stock), tmp_path, seconds=1)
    (crypt, other) = (
        each["components"] for each in json.loads(document)["components"] if each["name"] in {"crypt", "other"}
    )

    assert mistakes(document) == []
    assert [(each["name"], each.get("version")) for each in crypt] == [("openssl", "4.0.3"), ("zlib", None)]
    assert [each["purl"] for each in crypt] == [each["purl"] for each in other]
