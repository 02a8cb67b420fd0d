"""The two files about third-party software: one for programs, one for people, both for one platform."""

import json
import logging
from pathlib import Path

import pytest

from gfplug.bundle.components import thirdparty
from gfplug.bundle.components.component import Component
from gfplug.bundle.components.inventory import Inventory, Package
from gfplug.bundle.components.native import Library
from gfplug.bundle.dist import Bundle
from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.usefixtures("project")


def component(name: str, *texts: tuple[str, str]) -> Component:
    """Make a component with some texts."""
    return Component(name=name, version="1", purl=f"pkg:generic/{name}@1", licenses=("MIT",), texts=texts)


def test_each_component_has_a_section_with_its_texts() -> None:
    """It has name, version and licence, then each text and its source."""
    text = thirdparty.licenses([component("a", ("LICENSE", "free  \nas air\n"), ("NOTICE", "by me")), component("b")])

    assert "=\na 1\nMIT\n=" in text
    assert "[LICENSE]\n\nfree\nas air\n" in text
    assert "[NOTICE]\n\nby me\n" in text
    assert text.endswith("=\nb 1\nMIT\n" + "=" * 80 + "\n\n[it includes no text]\n")


def test_a_licence_text_of_two_components_is_printed_once() -> None:
    """A later component with the same text refers to the first."""
    text = thirdparty.licenses([component("a", ("LICENSE", "free")), component("b", ("COPYING", "free\r\n"))])

    assert text.count("free") == 1
    assert "[COPYING: as for a 1]" in text


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """Make a bundle with one library."""
    contents = tmp_path / "dist/_internal_linux_amd64"
    contents.mkdir(parents=True)
    (contents / "libz.so.1").write_text("library")
    return Bundle(tmp_path / "dist", tmp_path / "dist/gpx_sales_linux_amd64")


def write(tmp_path: Path, bundle: Bundle, *packages: Package, more: tuple[Library, ...] = ()) -> None:
    """Write both files."""
    stock = Inventory(python="3.12.1", build=(), packages=packages, bundled=packages)
    thirdparty.write(Project(tmp_path / "project"), stock, bundle, "linux_amd64", seconds=0, more=more)


def test_the_sbom_and_the_licences_include_libraries_added_after_the_freeze(tmp_path: Path, bundle: Bundle) -> None:
    """This lets the files of several platforms fit into one archive."""
    write(tmp_path, bundle, more=(Library(file="libz.so.1", upstream="zlib"),))
    bill = json.loads((bundle.folder / "sbom_linux_amd64.cdx.json").read_text())
    text = (bundle.folder / "THIRD-PARTY-LICENSES_linux_amd64.txt").read_text()

    assert [each["name"] for each in bill["components"]] == ["python", "zlib"]
    assert "Jean-loup Gailly and Mark Adler" in text


def test_a_missing_licence_text_is_a_warning(tmp_path: Path, bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    """The warning has the package's name and version."""
    with caplog.at_level(logging.WARNING, logger="gfplug"):
        write(tmp_path, bundle, Package(name="odd", version="2", record=""))

    (record,) = caplog.records
    assert record.getMessage().startswith("Found no licence text of odd 2: ")
