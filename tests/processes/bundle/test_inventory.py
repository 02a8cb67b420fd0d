"""The packages of an environment, as a real interpreter lists them, and the files that PyInstaller collected."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from commands import succeed
from small_project import small_project

from gfplug.bundle.components import component, inventory
from gfplug.bundle.components.inventory import CollectedFiles, Inventory
from gfplug.files import sha256
from gfplug.project.environment.venv import interpreter_of

if TYPE_CHECKING:
    from pathlib import Path

METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: 1.0
License-Expression: MIT
License-File: AUTHORS
Author: Somebody
"""
FILES = {
    "{name}/__init__.py": "",
    "{name}/vendored/LICENSE.txt": "of a part",
    "{name}/license_check.py": "",
    "{name}-1.0.dist-info/METADATA": METADATA,
    "{name}-1.0.dist-info/AUTHORS": "we",
    "{name}-1.0.dist-info/licenses/deep/TERMS": "terms",
    "{name}-1.0.dist-info/top_level.txt": "{name}",
}
PIP = "../../../bin/{name},sha256={digest},210\n{name}/__pycache__/__init__.cpython-311.pyc,,\n"
UV = "../../../bin/{name},sha256={digest},333\n{name}-1.0.dist-info/REQUESTED,,\n"


def environment(folder: Path) -> Path:
    """Make an empty environment; return the folder of its packages."""
    succeed(sys.executable, "-m", "venv", "--without-pip", folder)
    (packages,) = folder.glob("Lib/site-packages" if sys.platform == "win32" else "lib/python*/site-packages")
    return packages


def install(packages: Path, name: str, *, record: str = PIP, url: str = "") -> None:
    """Install a package there, with an installer's records: a script's checksum depends on the folder."""
    files = {path.format(name=name): text.format(name=name) for path, text in FILES.items()}
    notes = {
        f"{name}-1.0.dist-info/INSTALLER": "pip" if record == PIP else "uv",
        f"{name}-1.0.dist-info/direct_url.json": url or "{}",
    }
    lines = "".join(f"{path},,\n" for path in [*files, *notes])
    files[f"{name}-1.0.dist-info/RECORD"] = lines + record.format(name=name, digest=sha256(str(packages).encode()))
    for path, text in {**files, **notes}.items():
        (packages / path).parent.mkdir(parents=True, exist_ok=True)
        (packages / path).write_text(text)


def take(folder: Path, packages: Path, *paths: str) -> Inventory:
    """Read the inventory of the environment, of which some files were collected."""
    collected = CollectedFiles(frozenset(str(packages / path) for path in paths))
    return inventory.read_inventory(interpreter_of(folder), collected=collected, note=folder / "note.json")


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """Make the environment `env`, with one package; return the folder of its packages."""
    packages = environment(tmp_path / "env")
    install(packages, "acme")
    return packages


def test_a_package_has_its_licence_texts_and_no_code(tmp_path: Path, acme: Path) -> None:
    """These are its licences folder, files that its metadata names, and the licences of its parts; no code."""
    install(acme, "other")
    stock = take(tmp_path / "env", acme, "acme/__init__.py")

    (package,) = stock.bundled
    assert (package.name, package.version, package.expression, package.author) == ("acme", "1.0", "MIT", "Somebody")
    assert set(package.texts) == {
        "acme/vendored/LICENSE.txt",
        "acme-1.0.dist-info/AUTHORS",
        "acme-1.0.dist-info/licenses/deep/TERMS",
    }
    assert {each.name: bool(each.texts) for each in stock.packages} == {"acme": True, "other": False}


def test_pip_and_uv_in_two_folders_give_the_same_components(tmp_path: Path) -> None:
    """Their records and metadata files differ; the components of the bundle are equal."""
    records, parts = [], []
    for name, record in (("a", PIP), ("quite-another", UV)):
        packages = environment(tmp_path / name)
        install(packages, "acme", record=record)
        stock = take(tmp_path / name, packages, "acme/__init__.py")
        records.append(stock.bundled[0].record)
        parts.append(component.list_components(small_project(tmp_path / f"project-{name}"), stock))

    assert records[0] != records[1]
    assert parts[0] == parts[1]


def test_a_package_has_the_number_and_bytes_of_its_files_in_the_bundle(tmp_path: Path, acme: Path) -> None:
    """Metadata and texts do not count; the package also has its import names and its requirements."""
    (acme / "acme/license_check.py").write_text("x = 1\n")
    metadata = acme / "acme-1.0.dist-info/METADATA"
    metadata.write_text(metadata.read_text() + "Requires-Dist: other[x]>=1; python_version > '3'\n")
    (package,) = take(tmp_path / "env", acme, "acme/license_check.py", "acme-1.0.dist-info/METADATA").bundled
    assert (package.files, package.size, package.modules, package.is_listed) == (1, 6, ("acme",), True)
    assert package.requires == ("other[x]>=1; python_version > '3'",)

    stock = take(tmp_path / "env", acme, "acme-1.0.dist-info/METADATA")
    assert [(each.name, each.files) for each in stock.bundled] == [("acme", 0)]
    assert stock.markers["python_version"] == ".".join(map(str, sys.version_info[:2]))


def test_packages_that_share_a_namespace_do_not_count_for_one_another(tmp_path: Path, acme: Path) -> None:
    """All have the namespace's __init__.py, but PyInstaller collected files of one only."""
    for name in ("one", "two"):
        install(acme, name)
        place = acme / f"ns/{name}.py"
        place.parent.mkdir(exist_ok=True)
        place.write_text("")
        (acme / "ns/__init__.py").write_text("")
        record = acme / f"{name}-1.0.dist-info/RECORD"
        record.write_text(record.read_text() + f"ns/__init__.py,,\nns/{name}.py,,\n")
    stock = take(tmp_path / "env", acme, "ns/__init__.py", "ns/one.py")

    assert [(each.name, each.files) for each in stock.bundled] == [("one", 1)]
    assert {each.name: each.modules for each in stock.packages}["two"] == ("ns", "two")


def test_an_editable_package_has_what_is_in_its_folder(tmp_path: Path, acme: Path) -> None:
    """No list has its code; an environment or another package inside the folder does not belong to it."""
    source = tmp_path / "my lib/src/lib/code.py"
    source.parent.mkdir(parents=True)
    source.write_text("12345")
    (tmp_path / "whole.py").write_text("123")
    for name, folder in (("lib", tmp_path / "my lib"), ("whole", tmp_path)):
        install(acme, name, url=json.dumps({"url": folder.as_uri(), "dir_info": {"editable": True}}))
    collected = CollectedFiles(frozenset({str(source), str(tmp_path / "whole.py"), str(acme / "acme/__init__.py")}))
    stock = inventory.read_inventory(interpreter_of(tmp_path / "env"), collected=collected, note=tmp_path / "note.json")

    assert {each.name: (each.files, each.size) for each in stock.bundled} == {
        "acme": (1, 0),
        "lib": (1, 5),
        "whole": (1, 3),
    }


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ('{{"url": "{archive}", "archive_info": {{}}}}', sha256(b"a wheel")),
        ('{{"url": "file:///nowhere/x.whl", "archive_info": {{}}}}', ""),
        ('{{"archive_info": {{"hashes": {{"sha256": "{digest}"}}}}}}', "a" * 64),
        ('{{"archive_info": {{"hash": "sha256={digest}"}}}}', "a" * 64),
        ('{{"archive_info": {{}}}}', ""),
        ('{{"dir_info": {{"editable": true}}}}', ""),
    ],
)
def test_the_digest_of_an_archive_is_that_of_the_installer(tmp_path: Path, note: str, expected: str) -> None:
    """It is in either notation of PEP 610, or computed from the file, since uv records none; a folder has no digest."""
    packages = environment(tmp_path / "env")
    archive = tmp_path / "a wheel.whl"
    archive.write_text("a wheel")
    install(packages, "acme", url=note.format(digest="a" * 64, archive=archive.as_uri()))

    assert take(tmp_path / "env", packages).packages[0].sha256 == expected


@pytest.mark.parametrize(
    ("note", "repository"),
    [
        ('{{"url": "file:///a", "dir_info": {{"editable": true}}}}', ""),
        ('{{"url": "https://example.com/a.whl", "archive_info": {{}}}}', ""),
        ('{{"url": "file:///a", "vcs_info": {{"vcs": "git", "commit_id": "12ab"}}}}', ""),
        (
            '{{"url": "https://u:secret@example.com/a@b.git", "vcs_info": {{"vcs": "git", "commit_id": "12ab"}}}}',
            "git+https://example.com/a@b.git@12ab",
        ),
    ],
)
def test_a_package_from_elsewhere_is_not_listed_as_from_the_index(tmp_path: Path, note: str, repository: str) -> None:
    """The installer recorded a folder, an archive's address or a repository; a local path is not kept."""
    packages = environment(tmp_path / "env")
    install(packages, "acme", url=note.format())
    install(packages, "other")
    acme, other = take(tmp_path / "env", packages).packages

    assert (acme.is_from_index, acme.repository) == (False, repository)
    assert (other.is_from_index, other.repository) == (True, "")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_package_is_seen_through_a_link(tmp_path: Path, acme: Path) -> None:
    """Some systems call the folder of packages lib64, which is a link to lib."""
    (tmp_path / "lib64").symlink_to(acme.parent)
    stock = take(tmp_path / "env", tmp_path / "lib64/site-packages", "acme/__init__.py")

    assert [each.name for each in stock.bundled] == ["acme"]


def test_the_stored_inventory_is_read_completely(tmp_path: Path, acme: Path) -> None:
    """The stored inventory has everything that the list of components needs."""
    stock = take(tmp_path / "env", acme, "acme/__init__.py")

    assert Inventory.from_json(stock.to_json()) == stock
    assert stock.license.endswith(("LICENSE.txt", "LICENSE"))


def test_binaries_of_no_package_are_identified(tmp_path: Path, acme: Path) -> None:
    """These are a system library, and a library inside Python's; the author's extension module is not among them."""
    texts = {
        "libz.so.1": b" inflate 1.3.1 Copyright ",
        "libpython3.12.so.1.0": b"OpenSSL 3.0.15 3 Sep 2024",
        "_fast.so": b"expat_2.5.0",
    }
    for name, content in texts.items():
        (tmp_path / name).write_bytes(content)
    own = acme / "acme/libown.so.1"
    own.write_bytes(b"")
    (acme / "acme-1.0.dist-info/RECORD").write_text("acme/libown.so.1,,\nacme-1.0.dist-info/METADATA,,\n")
    binaries = [(name, str(tmp_path / name), "EXTENSION" if name[0] == "_" else "BINARY") for name in texts]
    binaries.append(("libown.so.1", str(own), "BINARY"))
    collected = CollectedFiles(frozenset(path for _, path, _ in binaries), tuple(sorted(binaries)))
    stock = inventory.read_inventory(interpreter_of(tmp_path / "env"), collected=collected, note=tmp_path / "note.json")

    assert [(each.file, each.upstream, each.version, each.is_inside) for each in stock.libraries] == [
        ("libpython3.12.so.1.0", "python", "", False),
        ("libz.so.1", "zlib", "1.3.1", False),
        ("libpython3.12.so.1.0", "openssl", "3.0.15", True),
    ]


def test_libraries_that_a_wheel_brought_are_identified(tmp_path: Path, acme: Path) -> None:
    """They have known names, and are in folders for copied libraries; the package's own libraries are not listed."""
    names = ("acme.libs/libz-ae5d3c8b.so.1", "acme/.dylibs/libffi.8.dylib", "acme.libs/libown-1.so", "acme/libz.so.1")
    for name in names:
        (acme / name).parent.mkdir(exist_ok=True)
        (acme / name).write_bytes(b" inflate 1.3.1 Copyright ")
    record = acme / "acme-1.0.dist-info/RECORD"
    record.write_text(record.read_text() + "".join(f"{name},,\n" for name in names))
    binaries = tuple(sorted((name, str(acme / name), "BINARY") for name in names))
    collected = CollectedFiles(frozenset(path for _, path, _ in binaries), binaries)
    stock = inventory.read_inventory(interpreter_of(tmp_path / "env"), collected=collected, note=tmp_path / "note.json")

    assert {each.file: (each.upstream, each.version) for each in stock.libraries} == {
        "acme.libs/libz-ae5d3c8b.so.1": ("zlib", "1.3.1"),
        "acme/.dylibs/libffi.8.dylib": ("libffi", ""),
    }


def test_pyinstallers_tables_tell_what_was_collected(tmp_path: Path) -> None:
    """The result has all absolute paths of all tables, and the binaries of the folder's table."""
    entries = [
        ("libz.so.1", "/lib/libz.so.1", "BINARY"),
        ("x.txt", "/data/x.txt", "DATA"),
        ("m", "/a/m.so", "EXTENSION"),
    ]
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin/COLLECT-00.toc").write_text(repr((entries,)))
    (tmp_path / "plugin/PYZ-00.toc").write_text(repr(("relative", [("json", "/lib/json.py", "PYMODULE")])))

    assert inventory.read_collected(tmp_path) == CollectedFiles(
        frozenset({"/lib/libz.so.1", "/data/x.txt", "/a/m.so", "/lib/json.py"}),
        (("libz.so.1", "/lib/libz.so.1", "BINARY"), ("m", "/a/m.so", "EXTENSION")),
    )
