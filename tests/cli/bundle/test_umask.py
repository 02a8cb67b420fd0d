"""Grafana runs as another user than the builder: files for Grafana are readable with any umask."""

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
    """Set a umask that makes new files private, or readable."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(*paths: Path) -> dict[str, int]:
    """Return the modes of files and folders."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}


def test_an_archive_and_its_checksum_are_readable(dist: Path, tmp_path: Path) -> None:
    """This holds for a new archive, and for one that replaces an archive that only its owner can read."""
    archive = tmp_path / "sales.zip"
    expected = {"sales.zip": 0o644, "sales.zip.sha256": 0o644}

    packing.pack(dist, archive)
    assert modes(archive, packing.digest_path(archive)) == expected

    archive.chmod(0o600)
    packing.digest_path(archive).chmod(0o600)
    packing.repack(dist, archive)
    assert modes(archive, packing.digest_path(archive)) == expected


def test_a_merged_archive_is_readable(tmp_path: Path) -> None:
    """It has the mode of its parts."""
    parts = [tmp_path / f"{machine}.zip" for machine in ("amd64", "arm64")]
    for part in parts:
        packing.pack(small_bundle(tmp_path / part.stem, machine=part.stem), part)
    archive = combine.combine(parts).archive

    assert set(modes(archive, packing.digest_path(archive)).values()) == {0o644}


def test_the_folder_of_the_archives_is_readable(tmp_path: Path) -> None:
    """A new folder is readable; an existing one keeps its mode."""
    with workspace.open_folder(tmp_path / "artifacts"):
        assert modes(tmp_path / "artifacts") == {"artifacts": 0o755}
    (tmp_path / "artifacts").chmod(0o711)
    with workspace.open_folder(tmp_path / "artifacts"):
        assert modes(tmp_path / "artifacts") == {"artifacts": 0o711}


def test_a_signature_is_readable(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grafana loads no plugin whose MANIFEST.txt it cannot read."""
    monkeypatch.setattr(sign, "_ask", lambda _address, request, _token: manifest_text(request))
    sign.sign(dist, root_urls=["https://grafana.example.com/"], variables={sign.TOKEN: "glc_any"})

    assert modes(dist / SIGNATURE) == {"MANIFEST.txt": 0o644}


def test_the_list_of_components_and_their_licences_are_readable(project: Project, tmp_path: Path) -> None:
    """They are written into the bundle after its other files."""
    bundle = Bundle(tmp_path / "bundle", tmp_path / "bundle/gpx_sales_linux_amd64")
    (bundle.folder / "_internal_linux_amd64").mkdir(parents=True)
    inventory = Inventory(python="3.12.1", build=(), packages=(), bundled=())
    thirdparty.write(project, inventory, bundle, "linux_amd64", seconds=0)

    names = ["sbom_linux_amd64.cdx.json", "THIRD-PARTY-LICENSES_linux_amd64.txt"]
    assert modes(*(bundle.folder / name for name in names)) == dict.fromkeys(names, 0o644)


def test_a_module_that_is_linked_again_is_readable(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grafana serves it to browsers."""
    project.dist.mkdir()
    monkeypatch.setattr(linker, "build_frontend", lambda *_: {"module.js": b"define([]);"})

    assert modes(dev.link(project, Path(sys.executable))) == {"module.js": 0o644}


def test_files_that_are_not_build_results_follow_the_umask(tmp_path: Path) -> None:
    """Files that a person writes for themselves follow the umask, and an existing file keeps its mode."""
    file = tmp_path / "file"
    files.write_atomic(file, b"1")
    mask = os.umask(0)
    os.umask(mask)
    assert modes(file) == {"file": 0o666 & ~mask}

    file.chmod(0o640)
    files.write_atomic(file, b"2")
    assert modes(file) == {"file": 0o640}
