"""Scanners find each component of the list, and do not confuse it with another package of that name in an index.

Source: osv-scanner v1.9.2, pkg/models/purl_to_package.go, and the Python package osv 0.0.18, purl_helpers: the type of
a package URL is the ecosystem, its name is looked up unchanged, its version in an advisory's list and ranges; NIST
IR 7695, 6.2: the format of a CPE.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL
from packaging.version import Version

from gfplug import __version__, resources
from gfplug.bundle.components import component, sbom, upstreams
from gfplug.bundle.components.inventory import Inventory, Package
from gfplug.bundle.components.native import Library
from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.usefixtures("project")
ECOSYSTEMS = {"pypi": "PyPI", "deb": "Debian", "generic": "OSS-Fuzz"}
_CPE_WORD = r"(?:[A-Za-z0-9._-]|\\[!-/:-@\[-`{-~])+"
CPE = re.compile(rf"cpe:2\.3:a:{_CPE_WORD}:{_CPE_WORD}:{_CPE_WORD}(?::\*){{7}}")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def package(name: str, version: str = "1.0", *, is_from_index: bool = True, **facts: Any) -> Package:
    """Return an installed package."""
    return Package(name=name, version=version, record="", is_from_index=is_from_index, **facts)


def describe(root: Path, *packages: Package, libraries: tuple[Library, ...] = ()) -> dict[str, Any]:
    """Describe a bundle of the project in a folder."""
    (root / "contents").mkdir()
    for library in libraries:
        (root / "contents" / library.file).write_text("")
    stock = Inventory(python="3.12.1", build=(), packages=packages, bundled=packages, libraries=libraries)
    project = Project(root / "project")
    text = sbom.describe(project, component.list_components(project, stock), root / "contents", seconds=1)
    return json.loads(text)  # type: ignore[no-any-return]  # JSON


def entries(bom: dict[str, Any]) -> list[dict[str, Any]]:
    """List everything that a scanner may look up: components, the plugin itself, and gfplug."""
    about = bom["metadata"]
    return [about["component"], *about["tools"]["components"], *bom["components"]]


def lookups(bom: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return the lookups of a scanner: ecosystem, name, version."""
    urls = [PackageURL.from_string(entry["purl"]) for entry in entries(bom)]
    return {(ECOSYSTEMS[url.type], url.name, url.version or "") for url in urls}


def in_index(bom: dict[str, Any]) -> set[tuple[str, str]]:
    """Return the lookups that a scanner does in the package index."""
    return {(name, version) for ecosystem, name, version in lookups(bom) if ecosystem == "PyPI"}


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("PyYAML", "6.0", ("pyyaml", "6.0")),
        ("Some_Thing.X", "1.0", ("some-thing-x", "1.0")),
        ("torch", "2.1.0+cpu", ("torch", "2.1.0")),
        ("candidate", "1.0RC1", ("candidate", "1.0rc1")),
        ("post", "1.0-1", ("post", "1.0.post1")),
        ("epoch", "1!2.0", ("epoch", "1!2.0")),
        ("odd", "as of May", ("odd", "as of May")),
    ],
)
def test_a_component_has_the_name_and_version_that_advisories_use(
    tmp_path: Path, name: str, version: str, expected: tuple[str, str]
) -> None:
    """The name is normalized by PEP 503, the version by PEP 440 without its local part; so is the entry itself."""
    bom = describe(tmp_path, package(name, version))
    (entry,) = [each for each in bom["components"] if each["purl"].startswith("pkg:pypi/")]
    properties = {each["name"]: each["value"] for each in entry.get("properties", [])}

    assert in_index(bom) == {expected}
    assert (entry["name"], entry["version"]) == expected
    assert properties.get("gfplug:installed-version", entry["version"]) == version


def test_a_version_without_its_local_part_matches_the_ranges_of_advisories() -> None:
    """With its local part, a version would be after the last affected one, and in no list."""
    assert Version("1.0+local") > Version("1.0")
    assert str(Version("1.0+local").public) == "1.0"


@pytest.mark.parametrize("where", ["checkout", "git", "index"])
def test_the_runtime_is_looked_up_in_the_index_only_if_it_came_from_one(tmp_path: Path, where: str) -> None:
    """If gfplug is from a checkout or from git, the wheel is in `vendor/`; the index may have another package."""
    if where != "index":
        vendor = tmp_path / "project" / "vendor"
        vendor.mkdir()
        for name in ("gfruntime", "gfplug")[: 2 if where == "checkout" else 1]:
            (vendor / f"{name}-0.3.0-py3-none-any.whl").write_bytes(b"wheel")
    names = ("gfruntime", "gfplug") if where == "checkout" else ("gfruntime",)
    bom = describe(tmp_path, *(package(name, "0.3.0", is_from_index=where == "index") for name in names))

    assert in_index(bom) == ({("gfruntime", "0.3.0")} if where == "index" else set())
    assert ("OSS-Fuzz" if where != "index" else "PyPI", "gfruntime", "0.3.0") in lookups(bom)


@pytest.mark.parametrize(
    ("facts", "purl"),
    [
        ({}, "pkg:generic/gfruntime@0.3.0%2Bx"),
        ({"sha256": "a" * 64}, f"pkg:generic/gfruntime@0.3.0%2Bx?checksum=sha256:{'a' * 64}"),
        (
            {"repository": f"git+https://example.com/a/b.git@{COMMIT}"},
            f"pkg:generic/gfruntime@0.3.0%2Bx?vcs_url=git%2Bhttps://example.com/a/b.git%40{COMMIT}",
        ),
    ],
    ids=["a folder", "an archive", "a repository"],
)
def test_a_package_from_no_index_has_a_generic_purl(tmp_path: Path, facts: dict[str, str], purl: str) -> None:
    """The package URL has the exact version and the origin."""
    bom = describe(tmp_path, package("gfruntime", "0.3.0+x", is_from_index=False, **facts))

    assert purl in {each["purl"] for each in bom["components"]}
    assert in_index(bom) == set()


def test_a_vendored_wheel_is_recognised_with_any_spelling_of_its_version(tmp_path: Path) -> None:
    """The file name has the normal form, the metadata may have another; the installer's record is not needed."""
    (tmp_path / "project" / "vendor").mkdir()
    (tmp_path / "project" / "vendor" / "My_Lib-1.0rc1-py3-none-any.whl").write_bytes(b"wheel")

    assert in_index(describe(tmp_path, package("my.lib", "1.0.RC1"))) == set()


@pytest.mark.parametrize("published", [True, False])
def test_the_plugin_and_gfplug_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, published: bool) -> None:
    """The plugin is in no index; gfplug is, if the release workflow's mark says so."""
    monkeypatch.setattr(resources, "is_published", lambda: published)
    about = describe(tmp_path)["metadata"]

    assert about["component"]["purl"] == "pkg:generic/acme-sales-datasource@1.2.3"
    assert about["tools"]["components"][0]["purl"] == f"pkg:{'pypi' if published else 'generic'}/gfplug@{__version__}"


def test_references_of_components_are_unique(tmp_path: Path) -> None:
    """Each package URL follows the standard."""
    libraries = (Library(file="libz.so.1", upstream="zlib", version="1.2.13"), Library(file="a b.so", upstream="a b"))
    bom = describe(tmp_path, package("a"), package("b", is_from_index=False, sha256="0" * 64), libraries=libraries)
    references = [each["bom-ref"] for each in (bom["metadata"]["component"], *bom["components"])]

    assert len(references) == len(set(references))
    assert all(PackageURL.from_string(each["purl"]).to_string() == each["purl"] for each in entries(bom))


@pytest.mark.parametrize("name", [name for name, upstream in upstreams.UPSTREAMS.items() if upstream.cpe])
def test_each_cpe_is_well_formed(tmp_path: Path, name: str) -> None:
    """It has vendor, product and a released version, then only `any`; without a released version there is no CPE."""
    if name == upstreams.PYTHON:
        bom = describe(tmp_path)
    else:
        odd = Library(file="odd.so", upstream=name, version="1.2 beta:*")
        bom = describe(tmp_path, libraries=(Library(file="lib.so", upstream=name, version="1.2.3"), odd))
    cpes = [each["cpe"] for each in bom["components"] if "cpe" in each and each["name"] == name]

    assert len(cpes) == 1
    assert CPE.fullmatch(cpes[0])
