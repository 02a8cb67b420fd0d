"""The archive: the same bytes for the same bundle, with the modes that Grafana needs, and its checksum file."""

import hashlib
import json
import os
import stat
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from gfplug.bundle import packing
from gfplug.errors import ProjectError, ToolError, UsageError

NAMES = ("gpx_sales_linux_amd64", "_internal_linux_amd64/lib.so", "img/logo.svg", "README.md")


def bundle(folder: Path, *, names: tuple[str, ...] = NAMES, mtime: float = 1.0) -> Path:
    """Make a bundle whose files are written in a given order and at a given time."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode() * 1000)
        path.chmod(0o755 if name.startswith("gpx_") else 0o644)
        os.utime(path, (mtime, mtime))
    (folder / "plugin.json").write_text(
        json.dumps({"id": "acme-sales-datasource", "name": "Sales", "executable": "gpx_sales"})
    )
    return folder


def test_two_folders_with_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """The place, the order of writing and the times of the files do not matter."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = packing.pack(bundle(tmp_path / "one"), tmp_path / "a/x.zip", seconds=packing.EPOCH)
    again = bundle(tmp_path / "two", names=NAMES[::-1], mtime=1e9)
    second = packing.pack(again, tmp_path / "b/x.zip", seconds=packing.EPOCH)

    assert first == second
    assert (tmp_path / "a/x.zip").read_bytes() == (tmp_path / "b/x.zip").read_bytes()


def test_an_archive_has_the_files_of_the_bundle(tmp_path: Path) -> None:
    """They are below one folder named by the plugin's id, sorted, with one time.

    `sha256sum -c` accepts the checksum file.
    """
    folder = bundle(tmp_path / "dist")
    digest = packing.pack(folder, tmp_path / "x.zip", seconds=1_700_000_000)

    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == sorted(f"acme-sales-datasource/{name}" for name in (*NAMES, "plugin.json"))
        assert {entry.date_time for entry in archive.infolist()} == {(2023, 11, 14, 22, 13, 20)}
        for name in NAMES:
            assert archive.read(f"acme-sales-datasource/{name}") == (folder / name).read_bytes()
    assert digest == hashlib.sha256((tmp_path / "x.zip").read_bytes()).hexdigest()
    assert (tmp_path / "x.zip.sha256").read_text() == f"{digest}  x.zip\n"


@pytest.mark.shows("protocol 7", "errors: `fork/exec ...: permission denied`")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no executable bit")
def test_only_programs_are_executable(tmp_path: Path) -> None:
    """Modes are 0755 and 0644 with any umask."""
    folder = bundle(tmp_path / "dist")
    (folder / "img/logo.svg").chmod(0o600)
    packing.pack(folder, tmp_path / "x.zip")

    entries = zipfile.ZipFile(tmp_path / "x.zip").infolist()
    modes = {entry.filename.rpartition("/")[2]: stat.S_IMODE(entry.external_attr >> 16) for entry in entries}
    assert modes.pop("gpx_sales_linux_amd64") == 0o755
    assert set(modes.values()) == {0o644}
    assert {entry.create_system for entry in entries} == {3}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """The target of a link is not stored twice."""
    folder = bundle(tmp_path / "dist")
    (folder / "_internal_linux_amd64/alias.so").symlink_to("lib.so")
    packing.pack(folder, tmp_path / "x.zip")

    archive = zipfile.ZipFile(tmp_path / "x.zip")
    entry = archive.getinfo("acme-sales-datasource/_internal_linux_amd64/alias.so")
    assert stat.S_ISLNK(entry.external_attr >> 16)
    assert archive.read(entry) == b"lib.so"


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, packing.EPOCH),
        ({"SOURCE_DATE_EPOCH": ""}, packing.EPOCH),
        ({"SOURCE_DATE_EPOCH": "1700000000"}, 1_700_000_000),
        *(({"SOURCE_DATE_EPOCH": text}, packing.EPOCH) for text in ("0", "1", "315532799", "315532800")),
        ({"SOURCE_DATE_EPOCH": "4354819198"}, packing.LATEST),
    ],
)
def test_source_date_epoch_is_read_from_the_environment(variables: dict[str, str], seconds: int) -> None:
    """Without it, and for earlier times, the time is 1980, the first of a zip file."""
    assert packing.epoch(variables) == seconds


@pytest.mark.parametrize("value", ["yesterday", "-1", "1e9", "99999999999999", "٣", "4354819199", "9999999999"])
def test_an_invalid_source_date_epoch_is_refused(value: str) -> None:
    """This includes a time after the last year of a zip file; the error shows the value."""
    with pytest.raises(UsageError, match=f"SOURCE_DATE_EPOCH is '?{value}"):
        packing.epoch({"SOURCE_DATE_EPOCH": value})


def _entry(**values: Any) -> packing.ArchiveEntry:
    return packing.ArchiveEntry(**{"name": "a", "mode": 0o100644, "size": 0, "crc": 0, "packed": b"\3\0", **values})


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([_entry()] * 65_536, "has 65536 files; a zip file can have 65535"),
        ([_entry(name="é" * 32_768)], "is too long for a zip file"),
        ([_entry(size=2**32)], "over 4 GB"),
        pytest.param([_entry(name="é" * 30_000, packed=b"")] * 36_000, "over 4 GB", marks=pytest.mark.slow),
    ],
    ids=["files", "name", "size", "names"],
)
def test_entries_that_a_zip_file_cannot_hold_are_refused(
    tmp_path: Path, entries: list[packing.ArchiveEntry], sentence: str
) -> None:
    """The length of a name is counted in bytes; nothing is written."""
    with pytest.raises(ToolError, match=sentence):
        packing.write(tmp_path / "x.zip", entries)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_as_many_files_as_a_zip_file_holds_are_packed(tmp_path: Path) -> None:
    """The archive has all of them."""
    packing.write(tmp_path / "x.zip", [_entry(name=str(number)) for number in range(65_535)])

    assert len(zipfile.ZipFile(tmp_path / "x.zip").infolist()) == 65_535


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs of POSIX")
def test_a_fifo_in_a_bundle_is_refused(tmp_path: Path) -> None:
    """Reading it would block the build."""
    folder = bundle(tmp_path / "dist")
    os.mkfifo(folder / "pipe")
    with pytest.raises(ProjectError, match="pipe is not a regular file"):
        packing.pack(folder, tmp_path / "x.zip")
