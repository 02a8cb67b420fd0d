"""Grafana runs as another user than the one who builds: it can read what is written for it, whatever the umask."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_bundle import manifest_text, small_bundle

from gfplug import files
from gfplug.bundle import combine, dev, packing, sign, workspace
from gfplug.bundle.components import thirdparty
from gfplug.bundle.components.inventory import Inventory
from gfplug.bundle.dist import Bundle
from gfplug.bundle.frontend import linker
from gfplug.bundle.rules.bundle_rules import SIGNATURE
from gfplug.project.plugin_project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture(autouse=True, params=[0o077, 0o027, 0o022], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let new files be nobody else's, or readable."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(*paths: Path) -> dict[str, int]:
    """Return the modes of files and folders."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_an_archive_and_its_digest(dist: Path, tmp_path: Path) -> None:
    """Packed for the first time, and over one that only its owner could read."""
    archive = tmp_path / "sales.zip"
    expected = {"sales.zip": 0o644, "sales.zip.sha256": 0o644}

    packing.pack(dist, archive)
    assert modes(archive, packing.digest_path(archive)) == expected

    archive.chmod(0o600)
    packing.digest_path(archive).chmod(0o600)
    packing.repack(dist, archive)
    assert modes(archive, packing.digest_path(archive)) == expected


def test_a_merged_archive(tmp_path: Path) -> None:
    """As each of its parts."""
    parts = [tmp_path / f"{machine}.zip" for machine in ("amd64", "arm64")]
    for part in parts:
        packing.pack(small_bundle(tmp_path / part.stem, machine=part.stem), part)
    merged = combine.combine(parts).archive

    assert set(modes(merged, packing.digest_path(merged)).values()) == {0o644}


def test_the_folder_of_the_archives(tmp_path: Path) -> None:
    """A new one can be read; one that somebody made stays as it is."""
    with workspace.open_folder(tmp_path / "artifacts"):
        assert modes(tmp_path / "artifacts") == {"artifacts": 0o755}
    (tmp_path / "artifacts").chmod(0o711)
    with workspace.open_folder(tmp_path / "artifacts"):
        assert modes(tmp_path / "artifacts") == {"artifacts": 0o711}


def test_a_signature(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grafana loads nothing whose MANIFEST.txt it can't read."""
    monkeypatch.setattr(sign, "_ask", lambda _address, request, _token: manifest_text(request))
    sign.sign(dist, root_urls=["https://grafana.example.com/"], variables={sign.TOKEN: "glc_any"})

    assert modes(dist / SIGNATURE) == {"MANIFEST.txt": 0o644}


def test_the_list_of_components_and_their_licences(project: Project, tmp_path: Path) -> None:
    """They are written into the bundle after its other files."""
    bundle = Bundle(tmp_path / "bundle", tmp_path / "bundle/gpx_sales_linux_amd64")
    (bundle.folder / "_internal_linux_amd64").mkdir(parents=True)
    inventory = Inventory(python="3.12.1", build=(), packages=(), used=())
    thirdparty.write(project, inventory, bundle, "linux_amd64", seconds=0)

    names = ["sbom_linux_amd64.cdx.json", "THIRD-PARTY-LICENSES_linux_amd64.txt"]
    assert modes(*(bundle.folder / name for name in names)) == dict.fromkeys(names, 0o644)


def test_a_module_that_is_linked_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers get it from Grafana."""
    project.dist.mkdir()
    monkeypatch.setattr(linker, "build_frontend", lambda *_: {"module.js": b"define([]);"})

    assert modes(dev.link(project, Path(sys.executable))) == {"module.js": 0o644}


def test_other_files_are_the_umasks_business(tmp_path: Path) -> None:
    """What a person writes for themselves keeps to their umask, and an old file to its mode."""
    file = tmp_path / "file"
    files.write_atomic(file, b"1")
    mask = os.umask(0)
    os.umask(mask)
    assert modes(file) == {"file": 0o666 & ~mask}

    file.chmod(0o640)
    files.write_atomic(file, b"2")
    assert modes(file) == {"file": 0o640}
