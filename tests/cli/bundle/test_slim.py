"""Making a bundle smaller and reproducible; `test_elf` is about ELF files."""

import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from gfplug.bundle import slim


def test_package_metadata_has_no_paths_of_the_build_machine(tmp_path: Path) -> None:
    """Paths and the installer's records are removed; the package's own metadata stays."""
    place = tmp_path / "_internal_linux_amd64/acme-1.dist-info"
    (place / "licenses").mkdir(parents=True)
    for name in (
        "METADATA",
        "entry_points.txt",
        "RECORD",
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        "uv_cache.json",
    ):
        (place / name).write_text(str(tmp_path))
    (tmp_path / "_internal_linux_amd64/RECORD").write_text("the author's own")
    slim.slim(tmp_path, executable="gpx")

    assert {path.name for path in place.iterdir()} == {"METADATA", "entry_points.txt", "licenses"}
    assert (tmp_path / "_internal_linux_amd64/RECORD").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="it reads pyarrow's ELF files")
def test_links_that_no_library_needs_are_removed(tmp_path: Path) -> None:
    """A library that is found by run paths needs no link at the top; a library without such a path does."""
    contents = tmp_path / "_internal_linux_amd64"
    for name in ("beside", "apart", "other"):
        (contents / name).mkdir(parents=True)
    [library] = Path(pa.__file__).parent.glob("libarrow_acero.so.*")  # this library needs two others in its folder
    dependencies = [library.name.replace("_acero", part) for part in ("", "_compute")]
    for name in dependencies:
        (contents / "beside" / name).write_bytes(b"")
    shutil.copyfile(library, contents / "beside" / library.name)
    (contents / "libarrow_flight.so.1").symlink_to("nowhere")
    for name in dependencies:
        (contents / name).symlink_to(f"beside/{name}")
    slim.drop_links(tmp_path)
    assert [path.name for path in contents.iterdir() if path.is_symlink()] == []

    for name in dependencies:
        (contents / "beside" / name).rename(contents / "other" / name)
        (contents / name).symlink_to(f"other/{name}")
    slim.drop_links(tmp_path)
    assert sorted(path.name for path in contents.iterdir() if path.is_symlink()) == sorted(dependencies)


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_files_of_other_systems_stay_unchanged(tmp_path: Path) -> None:
    """Files other than ELF keep their bytes, so their signatures stay valid; their links also stay."""
    contents = tmp_path / "_internal_darwin_arm64"
    (contents / "acme").mkdir(parents=True)
    library = contents / "libacme.1.dylib"
    library.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(range(256)))
    (contents / "acme/libacme.1.dylib").symlink_to("../libacme.1.dylib")
    slim.slim(tmp_path, executable="gpx")
    assert library.read_bytes() == b"\xcf\xfa\xed\xfe" + bytes(range(256))
    assert (contents / "acme/libacme.1.dylib").is_symlink()
