"""The components of a bundle: the digest of each wheel, its licence texts, and their sources."""

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
    stock = Inventory(python="3.12.1", build=(), packages=packages, bundled=packages, libraries=libraries, license=text)
    return component.list_components(project, stock)


def runtime(sha256: str = "") -> Package:
    """Return a package whose wheel is in the project."""
    return Package(name="gfruntime", version="0.3.0", expression="Apache-2.0", record="", sha256=sha256)


def test_a_vendored_package_has_the_digest_of_its_wheel(tmp_path: Path) -> None:
    """The digest is that of the file in vendor/, even if the installer recorded another one."""
    vendor = tmp_path / "project/vendor"
    vendor.mkdir()
    (vendor / "gfruntime-0.3.0-py3-none-any.whl").write_bytes(b"wheel")
    (vendor / "gfruntime-0.2.0-py3-none-any.whl").write_bytes(b"another version")
    (vendor / "not a wheel.whl").write_bytes(b"")
    (_, component) = of(tmp_path, runtime("1" * 64))

    assert (component.name, component.version) == ("gfruntime", "0.3.0")
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert component.sha256 == digest
    assert component.purl == f"pkg:generic/gfruntime@0.3.0?checksum=sha256:{digest}"  # an index may have another wheel


@pytest.mark.parametrize("sha256", ["1" * 64, ""])
def test_without_a_vendored_wheel_the_digest_is_what_the_installer_recorded(tmp_path: Path, sha256: str) -> None:
    """A package from an index has no recorded digest, so its component has none."""
    (_, component) = of(tmp_path, runtime(sha256))

    assert component.sha256 == sha256
    assert component.purl == "pkg:pypi/gfruntime@0.3.0"


def test_licence_texts_of_the_package_come_first(tmp_path: Path) -> None:
    """All licence files of the package are listed, under their names in the package."""
    (tmp_path / "LICENSE").write_text("mine")
    (tmp_path / "NOTICE").write_text("see them")
    texts = {"a.dist-info/LICENSE": str(tmp_path / "LICENSE"), "a.dist-info/NOTICE": str(tmp_path / "NOTICE")}
    (_, component) = of(tmp_path, Package(name="a", version="1", record="", expression="MIT", texts=texts))

    assert component.texts == (("a.dist-info/LICENSE", "mine"), ("a.dist-info/NOTICE", "see them"))


def test_a_package_without_a_licence_text_gets_the_text_of_its_spdx_id(tmp_path: Path) -> None:
    """The text names the author from the metadata, and has no invented copyright line."""
    author = "A. U. Thor"
    (_, component) = of(tmp_path, Package(name="a", version="1", record="", license="MIT License", author=author))
    labels = [label for label, _ in component.texts]

    assert labels == ["its metadata, because it includes no text", "text of MIT"]
    assert component.texts[0][1] == "Author: A. U. Thor"
    assert "Permission is hereby granted" in component.texts[1][1]
    assert not [text for _, text in component.texts if "Copyright (c)" in text]


@pytest.mark.parametrize("license_text", ["", "Very Own License", "MIT AND Watcom-1.0"])
def test_a_licence_text_without_a_source_stays_missing(tmp_path: Path, license_text: str) -> None:
    """It also stays missing if only some of the package's licences have a text."""
    (_, component) = of(tmp_path, Package(name="a", version="1", record="", license=license_text))

    assert component.texts == ()


def test_python_has_the_licence_of_the_interpreter(tmp_path: Path) -> None:
    """If the interpreter has no licence file, gfplug's copy is used."""
    (tmp_path / "LICENSE.txt").write_text("the interpreter's own")

    assert of(tmp_path, text=str(tmp_path / "LICENSE.txt"))[0].texts == (
        ("LICENSE of this Python", "the interpreter's own"),
    )
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in of(tmp_path)[0].texts[0][1]


def test_a_system_library_has_the_texts_of_its_project_and_of_debian(tmp_path: Path) -> None:
    """The copyright file of the Debian package follows the text that gfplug ships."""
    (tmp_path / "copyright").write_text("as packaged")
    library = Library(
        file="libz.so.1", upstream="zlib", purl="pkg:deb/x", package="zlib1g", text=str(tmp_path / "copyright")
    )
    (_, component) = of(tmp_path, libraries=(library,))

    assert [label for label, _ in component.texts] == ["text of zlib", "copyright of Debian's zlib1g"]


def test_every_shipped_licence_text_is_listed_with_its_source() -> None:
    """Each project of the table has its texts; SOURCES.md names exactly these files."""
    names = {name for upstream in upstreams.UPSTREAMS.values() for name in upstream.texts}
    names |= {"OpenSSL", "0BSD"}  # files of older OpenSSL and newer XZ
    files = {path.name for path in TEXTS.glob("*.txt")}
    sources = (TEXTS / "SOURCES.md").read_text(encoding="utf-8")

    assert {f"{name}.txt" for name in names} <= files
    assert {word for word in sources.replace("|", " ").replace(",", " ").split() if word.endswith(".txt`")} == {
        f"`{name}`" for name in files
    }
