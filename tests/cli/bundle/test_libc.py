"""The required glibc version, over every ELF file of a bundle, compared by numbers."""

import os
import platform
import shutil
import sys
from pathlib import Path

import pytest

from gfplug.bundle import libc


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs a program linked against glibc")
def test_a_real_program_requires_at_most_the_running_glibc(tmp_path: Path) -> None:
    """This interpreter runs here, so it requires at most the running glibc; the file is named."""
    (tmp_path / "inner").mkdir()
    shutil.copyfile(os.path.realpath(sys.executable), tmp_path / "inner/program")

    floor = libc.floor(tmp_path)
    assert floor is not None
    assert (2, 2) <= floor.version <= tuple(map(int, platform.libc_ver()[1].split(".")))
    assert floor.path == "inner/program"


def test_the_glibc_floor_is_the_highest_version_that_a_file_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2.28 is newer than 2.9."""
    for name in ("a.so", "b.so", "c.txt"):
        (tmp_path / name).write_text("")
    versions: dict[str, set[tuple[int, ...]]] = {"a.so": {(2, 9), (2, 28)}, "b.so": {(2, 17)}, "c.txt": set()}
    monkeypatch.setattr(libc, "needs", lambda path: versions[path.name])

    floor = libc.floor(tmp_path)
    assert (str(floor), floor.path if floor else "") == ("2.28", "a.so")


@pytest.mark.parametrize("content", [b"", b"text", b"\x7fELF", b"\x7fELF\x02\x01\x01" + bytes(70)])
def test_a_file_that_is_not_elf_has_no_glibc_floor(tmp_path: Path, content: bytes) -> None:
    """A broken ELF file has none, either."""
    (tmp_path / "file").write_bytes(content)

    assert libc.floor(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("GLIBC_2.2.5", (2, 2, 5)),
        ("GLIBC_2.34", (2, 34)),
        ("GLIBC_ABI_DT_RELR", (2, 36)),
        ("GLIBC_PRIVATE", ()),
        ("GLIBCXX_3.4.30", ()),
        ("OPENSSL_3.0.0", ()),
    ],
)
def test_names_of_glibc_versions_are_parsed(name: str, version: tuple[int, ...]) -> None:
    """Only glibc's numbers count; the marker of a newer loader stands for its version."""
    assert libc._parse(name) == version
