"""Checksums, atomic writes, and folders that appear complete or not at all."""

import hashlib
import os
import stat
from pathlib import Path

import pytest

from gfplug import files
from gfplug.errors import ProjectError


@pytest.mark.parametrize("exists", [False, True])
def test_staging_moves_a_finished_folder_to_its_place(tmp_path: Path, *, exists: bool) -> None:
    """An empty folder may be there already."""
    destination = tmp_path / "project"
    if exists:
        destination.mkdir()
    with files.staging(destination) as stage:
        (stage / "a.txt").write_text("a")
        assert not (destination / "a.txt").exists()

    assert files.entries(tmp_path) == [destination / "a.txt"]
    assert (destination / "a.txt").read_text() == "a"
    assert list(tmp_path.iterdir()) == [destination]


def test_staging_leaves_nothing_after_a_failure(tmp_path: Path) -> None:
    """The folder, its temporary folder and new parent folders are removed."""

    def fail(destination: Path) -> None:
        with files.staging(destination) as stage:
            (stage / "a.txt").write_text("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail(tmp_path / "new" / "parents" / "project")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("file", "exists and is not"), ("full", "exists and is not"), ("file/below", r"cannot write to .*file")],
)
def test_staging_replaces_no_file_and_no_filled_folder(tmp_path: Path, kind: str, sentence: str) -> None:
    """An error also names a parent that is a file."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    before = files.walk(tmp_path)

    with pytest.raises(ProjectError, match=sentence), files.staging(tmp_path / kind):
        pytest.fail("the block must not run")
    assert files.walk(tmp_path) == before


def test_write_atomic_replaces_the_content_and_keeps_the_mode(tmp_path: Path) -> None:
    """An executable stays executable."""
    path = tmp_path / "run.sh"
    path.write_text("old")
    path.chmod(0o755)
    files.write_atomic(path, b"new")

    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o755)
    assert list(tmp_path.iterdir()) == [path]


def test_walk_skips_python_caches(tmp_path: Path) -> None:
    """Byte code and tool caches do not count as files of a folder."""
    files.write_tree(tmp_path, {"b.py": b"", "a/x.py": b"", "__pycache__/b.cpython-311.pyc": b"", ".mypy_cache/x": b""})

    assert [path.relative_to(tmp_path).as_posix() for path in files.walk(tmp_path)] == ["a/x.py", "b.py"]


def test_digests_of_bytes_and_of_a_file_are_equal(tmp_path: Path) -> None:
    """Both are the SHA-256 in hexadecimal."""
    (tmp_path / "x").write_bytes(b"content")

    assert files.sha256(b"content") == files.sha256_of(tmp_path / "x") == hashlib.sha256(b"content").hexdigest()


@pytest.mark.skipif(os.name != "posix", reason="POSIX has a umask")
def test_new_files_respect_the_umask(tmp_path: Path) -> None:
    """If the umask makes files private, these are private, too."""
    before = os.umask(0o077)
    try:
        files.write_atomic(tmp_path / "new", b"")
        with files.staging(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700
