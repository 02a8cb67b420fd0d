"""What of a component is known: the digest of its wheel, its licence texts, and their origin."""

import hashlib
from pathlib import Path

import pytest

from gfplug.bundle.components import component, upstreams
from gfplug.bundle.components.component import Component
from gfplug.bundle.components.inventory import Inventory, Package
from gfplug.bundle.components.native import Library
from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.usefixtures("project")
TEXTS = component._TEXTS


def of(tmp_path: Path, *packages: Package, libraries: tuple[Library, ...] = (), text: str = "") -> list[Component]:
    """List the components of a project with some packages and libraries, Python first."""
    project = Project(tmp_path / "project")
    stock = Inventory(python="3.12.1", build=(), packages=packages, used=packages, libraries=libraries, license=text)
    return component.list_components(project, stock)


def runtime(sha256: str = "") -> Package:
    """Return a package that lies as a wheel in the project."""
    return Package(name="gfruntime", version="0.3.0", expression="Apache-2.0", record="", sha256=sha256)


def test_a_package_from_the_projects_vendor_folder_has_its_wheels_digest(tmp_path: Path) -> None:
    """That of the file there, whatever the installer noted."""
    vendor = tmp_path / "project/vendor"
    vendor.mkdir()
    (vendor / "gfruntime-0.3.0-py3-none-any.whl").write_bytes(b"wheel")
    (vendor / "gfruntime-0.2.0-py3-none-any.whl").write_bytes(b"another version")
    (vendor / "not a wheel.whl").write_bytes(b"")
    (_, component) = of(tmp_path, runtime("1" * 64))

    assert (component.name, component.version) == ("gfruntime", "0.3.0")
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert component.sha256 == digest
    assert component.purl == f"pkg:generic/gfruntime@0.3.0?checksum=sha256:{digest}"  # an index may have another


@pytest.mark.parametrize("sha256", ["1" * 64, ""])
def test_without_a_vendored_wheel_the_digest_is_the_installers(tmp_path: Path, sha256: str) -> None:
    """Or none, as for what comes from an index."""
    (_, component) = of(tmp_path, runtime(sha256))

    assert component.sha256 == sha256
    assert component.purl == "pkg:pypi/gfruntime@0.3.0"


def test_a_packages_own_texts_come_first(tmp_path: Path) -> None:
    """All of them, under the names that they have in the package."""
    (tmp_path / "LICENSE").write_text("mine")
    (tmp_path / "NOTICE").write_text("see them")
    texts = {"a.dist-info/LICENSE": str(tmp_path / "LICENSE"), "a.dist-info/NOTICE": str(tmp_path / "NOTICE")}
    (_, component) = of(tmp_path, Package(name="a", version="1", record="", expression="MIT", texts=texts))

    assert component.texts == (("a.dist-info/LICENSE", "mine"), ("a.dist-info/NOTICE", "see them"))


def test_a_package_without_a_text_gets_that_of_its_spdx_licence(tmp_path: Path) -> None:
    """With the author that its metadata names, and no copyright line that nobody wrote."""
    author = "A. U. Thor"
    (_, component) = of(tmp_path, Package(name="a", version="1", record="", license="MIT License", author=author))
    labels = [label for label, _ in component.texts]

    assert labels == ["its metadata, because it includes no text", "text of MIT"]
    assert component.texts[0][1] == "Author: A. U. Thor"
    assert "Permission is hereby granted" in component.texts[1][1]
    assert not [text for _, text in component.texts if "Copyright (c)" in text]


@pytest.mark.parametrize("license_text", ["", "Very Own License", "MIT AND Watcom-1.0"])
def test_a_text_that_no_source_has_stays_missing(tmp_path: Path, license_text: str) -> None:
    """Also where only a part of the licences has one."""
    (_, component) = of(tmp_path, Package(name="a", version="1", record="", license=license_text))

    assert component.texts == ()


def test_python_has_the_licence_of_the_interpreter(tmp_path: Path) -> None:
    """Or, where that has none, the one that we bring."""
    (tmp_path / "LICENSE.txt").write_text("the interpreter's own")

    assert of(tmp_path, text=str(tmp_path / "LICENSE.txt"))[0].texts == (
        ("LICENSE of this Python", "the interpreter's own"),
    )
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in of(tmp_path)[0].texts[0][1]


def test_a_system_library_has_its_projects_text_and_its_systems(tmp_path: Path) -> None:
    """The Debian package's copyright file stands behind the text that we bring."""
    (tmp_path / "copyright").write_text("as packaged")
    library = Library(
        file="libz.so.1", upstream="zlib", purl="pkg:deb/x", package="zlib1g", text=str(tmp_path / "copyright")
    )
    (_, component) = of(tmp_path, libraries=(library,))

    assert [label for label, _ in component.texts] == ["text of zlib", "copyright of Debian's zlib1g"]


def test_every_text_that_we_bring_is_there_and_says_where_it_is_from() -> None:
    """Each project of the table has its texts; SOURCES.md names each file, and no other."""
    names = {name for upstream in upstreams.UPSTREAMS.values() for name in upstream.texts}
    names |= {"OpenSSL", "0BSD"}  # of former OpenSSL and later XZ
    files = {path.name for path in TEXTS.glob("*.txt")}
    sources = (TEXTS / "SOURCES.md").read_text(encoding="utf-8")

    assert {f"{name}.txt" for name in names} <= files
    assert {word for word in sources.replace("|", " ").replace(",", " ").split() if word.endswith(".txt`")} == {
        f"`{name}`" for name in files
    }
