"""Untrusted archives are refused before they use memory, time or a path."""

from __future__ import annotations

import io
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest
from odd_archives import REGULAR, bomb, pack, read_all

from gfplug.cli import main
from gfplug.errors import IntegrityError, ProjectError
from gfplug.untrusted import archives

if TYPE_CHECKING:
    from pathlib import Path

LINK = stat.S_IFLNK | 0o777


def test_a_valid_archive_is_read() -> None:
    """Files, folders, links inside and names in any alphabet are read with their modes."""
    content = pack(
        ("p/", b"", stat.S_IFDIR | 0o755),
        ("p/a b.txt", b"one", REGULAR),
        ("p/dir/ü日本.txt", b"two", stat.S_IFREG | 0o755),
        ("p/dir/link", b"../a b.txt", LINK),
        ("p/dos", b"three", 0),
    )
    with archives.open_archive(io.BytesIO(content), name="A.zip") as archive:
        members = archive.members

        assert list(members) == ["p/a b.txt", "p/dir/ü日本.txt", "p/dir/link", "p/dos"]
        assert members["p/dir/link"].is_link
        assert members["p/dir/ü日本.txt"].is_executable
        assert members["p/dos"].mode == REGULAR
        assert archive.read("p/dir/link") == b"../a b.txt"


@pytest.mark.parametrize(
    "name",
    [
        "../slip",
        "p/../../slip",
        "/absolute",
        "//host/share",
        "C:/windows",
        "p\\..\\slip",
        "p/./a",
        "p//a",
        "..",
        "p/a\nb",
        "p/a\x1b[2J",
        "p/a\u202eexe.txt",
        "p/a\u200b",
        "p/a:stream",
        "p/trailing.",
        "p/trailing /x",
        ".git/hooks/pre-commit",
        "p/.GiT/config",
        "p/" + "x" * 2000,
    ],
)
def test_names_outside_the_archive_are_refused(name: str) -> None:
    """Any system may read them as another path; the error shows the escaped name."""
    with pytest.raises(IntegrityError, match=r"A\.zip names") as failure:
        read_all(pack(("p/ok", b"", REGULAR), (name, b"x", REGULAR)))
    assert "\n" not in str(failure.value)
    assert "\x1b" not in str(failure.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("p/a", "p/a"),
        ("p/README", "p/readme"),
        ("p/\u00e9", "p/e\u0301"),
        ("p/a", "p/a/b"),
        ("p/A", "p/a/b"),
        ("p/a", "p/a/"),
    ],
)
def test_two_members_for_one_file_are_refused(first: str, second: str) -> None:
    """Names are equal, differ in case or Unicode form, or a file is also a folder."""
    with pytest.raises(IntegrityError, match=r"twice|as a file and as a folder"):
        read_all(pack((first, b"1", REGULAR), (second, b"2" * (not second.endswith("/")), REGULAR)))


@pytest.mark.parametrize(
    "target",
    [
        b"/etc/passwd",
        b"../../x",
        b"../..",
        b"\xff\xfe",
        b"..\\x",
        b"",
        b"../other",
        b"C:x",
        b"x" * 5000,
        b"l",
        b"inner/x",
    ],
)
def test_links_that_leave_the_archive_are_refused(target: bytes) -> None:
    """They lead out of the root folder, to an invalid path, to themselves, or through another link."""
    members = [("p/l", target, LINK), ("p/inner", b".", LINK), ("other", b"x", REGULAR)]

    with pytest.raises(IntegrityError, match=r"A.zip: the link '(p/l|p/inner)' leads to"):
        read_all(pack(*members[: 3 if target == b"inner/x" else 1]))


@pytest.mark.parametrize("mode", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK, stat.S_IFDIR])
def test_devices_and_pipes_are_refused(mode: int) -> None:
    """A member is a file, a folder or a link."""
    with pytest.raises(IntegrityError, match="'p/x' is neither a file nor a link"):
        read_all(pack(("p/x", b"", mode | 0o644)))


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o1755])
def test_setuid_files_are_refused(mode: int) -> None:
    """A plugin needs none."""
    with pytest.raises(IntegrityError, match="'p/x' has the mode"):
        read_all(pack(("p/x", b"", stat.S_IFREG | mode)))


@pytest.mark.parametrize(("kind", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")])
def test_unsupported_compression_methods_are_refused(kind: int, name: str) -> None:
    """Grafana reads only stored and deflated members."""
    with pytest.raises(IntegrityError, match=f"compressed by {name}"):
        read_all(pack(("p/x", b"x" * 100, REGULAR), kind=kind))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"not a zip", b"PK\5\6" + b"\0" * 18, b"PK\3\4" * 100, b"PK\5\6" + b"\xff" * 18]
)
def test_a_file_that_is_not_an_archive_is_one_error(content: bytes) -> None:
    """It is empty, a part of an archive, a text, or has a false end record."""
    if content == b"PK\5\6" + b"\0" * 18:
        assert read_all(content) == {}
        return
    with pytest.raises(IntegrityError, match=r"A\.zip"):
        read_all(content)


@pytest.mark.parametrize("name", ["p/../../slip", "p/a\x1b]0;title\x07", "p/a\u202e"])
def test_check_and_merge_refuse_an_invalid_archive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The exit code is 5, the message has no control characters, and nothing is written."""
    for path in ("bomb.zip", "name.zip"):
        content = bomb(1000, 4 << 20) if path == "bomb.zip" else pack((name, b"x", REGULAR))
        (tmp_path / path).write_bytes(content)

        assert main(["check", str(tmp_path / path)]) == 5
        assert main(["merge", str(tmp_path / path), str(tmp_path / path), "-o", str(tmp_path / "out.zip")]) == 5
    assert not (tmp_path / "out.zip").exists()
    assert "".join(capsys.readouterr()).replace("\n", "").isprintable()


def test_the_caller_sets_the_limits() -> None:
    """Each limit is exact."""
    content = pack(("p/x", bytes(range(256)) * 4, REGULAR), ("p/y", b"", REGULAR))

    assert len(read_all(content, unpacked=1024, members=2)) == 2
    with pytest.raises(IntegrityError, match="more than 1 members"):
        read_all(content, members=1)
    with pytest.raises(IntegrityError, match="unpacks to more than"):
        read_all(content, unpacked=1023)
    with pytest.raises(IntegrityError, match="times its size"):
        read_all(pack(("p/x", b"y" * 100_000, REGULAR)), ratio_from=1000, ratio=10)


def test_an_archive_must_be_a_regular_file(tmp_path: Path) -> None:
    """A large file, a folder and a missing one have different errors."""
    (tmp_path / "A.zip").write_bytes(pack(("p/x", b"y", REGULAR)))
    with archives.open_archive(tmp_path / "A.zip") as archive:
        assert archive.read("p/x") == b"y"
    with (
        pytest.raises(ProjectError, match="gfplug reads at most 10"),
        archives.open_archive(tmp_path / "A.zip", limits=archives.Limits(packed=10)),
    ):
        pass
    with pytest.raises(ProjectError, match=r"not a regular file|cannot be read"), archives.open_archive(tmp_path):
        pass
    with pytest.raises(FileNotFoundError), archives.open_archive(tmp_path / "none.zip"):
        pass
