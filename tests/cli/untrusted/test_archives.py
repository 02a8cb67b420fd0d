"""Untrusted archives are refused before they use memory, time or a path."""

from __future__ import annotations

import io
import stat
import struct
import tracemalloc
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from gfplug.cli import main
from gfplug.errors import IntegrityError, ProjectError
from gfplug.untrusted import archives

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REGULAR = stat.S_IFREG | 0o644
LINK = stat.S_IFLNK | 0o777


def pack(*members: tuple[str, bytes, int], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Pack members with any names."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", kind) as archive:
        for name, content, mode in members:
            entry = zipfile.ZipInfo("x" * len(name))
            entry.filename = name
            entry.compress_type, entry.create_system, entry.external_attr = kind, 3, mode << 16
            archive.writestr(entry, content)
    return output.getvalue()


def read_all(content: bytes, **limits: int) -> dict[str, bytes]:
    """Open an archive and read all members."""
    with archives.opened(io.BytesIO(content), name="A.zip", limits=archives.Limits(**limits)) as archive:
        return {name: archive.read(name) for name in archive.members}


def test_a_valid_archive_is_read() -> None:
    """Files, folders, links inside and names in any script are read with their modes."""
    content = pack(
        ("p/", b"", stat.S_IFDIR | 0o755),
        ("p/a b.txt", b"one", REGULAR),
        ("p/dir/ü日本.txt", b"two", stat.S_IFREG | 0o755),
        ("p/dir/link", b"../a b.txt", LINK),
        ("p/dos", b"three", 0),
    )
    with archives.opened(io.BytesIO(content), name="A.zip") as archive:
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
def test_other_compressions_are_refused(kind: int, name: str) -> None:
    """Grafana reads only stored and deflated members."""
    with pytest.raises(IntegrityError, match=f"compressed by {name}"):
        read_all(pack(("p/x", b"x" * 100, REGULAR), kind=kind))


def patch(content: bytes, change: Callable[[bytearray, int, int], None]) -> bytes:
    """Change the local and the central header of the first member."""
    data = bytearray(content)
    change(data, data.find(b"PK\3\4"), data.find(b"PK\1\2"))
    return bytes(data)


def _encrypt(data: bytearray, local: int, central: int) -> None:
    data[local + 6] |= 1
    data[central + 8] |= 1


def _unknown_method(data: bytearray, local: int, central: int) -> None:
    data[local + 8 : local + 10] = data[central + 10 : central + 12] = struct.pack("<H", 77)


def _lie_about_size(data: bytearray, _local: int, central: int) -> None:
    data[central + 24 : central + 28] = struct.pack("<I", 7)


def _lie_about_checksum(data: bytearray, _local: int, central: int) -> None:
    data[central + 16 : central + 20] = struct.pack("<I", 7)


def _end_beyond(data: bytearray, _local: int, central: int) -> None:
    data[central + 20 : central + 24] = struct.pack("<I", 1 << 20)


def _zero_byte(data: bytearray, local: int, central: int) -> None:
    data[local + 31] = data[central + 47] = 0


@pytest.mark.parametrize(
    "change", [_encrypt, _unknown_method, _lie_about_size, _lie_about_checksum, _end_beyond, _zero_byte]
)
def test_wrong_headers_are_refused(change: Callable[[bytearray, int, int], None]) -> None:
    """They claim encryption, an unknown method, another size or checksum, or have a zero byte in a name."""
    with pytest.raises(IntegrityError, match=r"A\.zip"):
        read_all(patch(pack(("p/x", b"y" * 1000, REGULAR)), change))


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


@pytest.mark.parametrize("count", range(1, 200, 7))
def test_a_truncated_archive_is_refused(count: int) -> None:
    """It may end anywhere."""
    content = pack(("p/x", b"y" * 1000, REGULAR), ("p/z", bytes(range(256)), REGULAR))

    with pytest.raises(IntegrityError):
        read_all(content[:-count])


def bomb(copies: int, size: int) -> bytes:
    """Make an archive whose members all share the bytes of one."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(b"\0" * size) + deflate.flush()
    crc = zlib.crc32(b"\0" * size)
    name = b"p/%06d"
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, crc, len(body), size, 8, 0) + name % 0 + body
    central = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, len(body), size, 8, 0, 0, 0, 0, REGULAR << 16, 0
        )
        + name % number
        for number in range(copies)
    )
    return local + central + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, copies, copies, len(central), len(local), 0)


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (lambda: pack(("p/x", b"\0" * (80 << 20), REGULAR)), "times its size"),
        (lambda: bomb(2, 1000), "shares its bytes"),
        (lambda: bomb(1000, 4 << 20), "unpacks to"),
        (lambda: bomb(30_000, 10), "more than 20000 members"),
        (lambda: bomb(65_535, 1), "more than 20000 members"),
    ],
    ids=["a great ratio", "shared bytes", "shared bytes, gigabytes", "many members", "as many as there can be"],
)
def test_zip_bombs_are_refused_by_their_headers(content: Callable[[], bytes], because: str) -> None:
    """Size, ratio, number and overlap of members are checked before unpacking."""
    archive = content()
    tracemalloc.start()
    with pytest.raises(IntegrityError, match=because):
        read_all(archive)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 30 << 20


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
        read_all(pack(("p/x", b"y" * 100_000, REGULAR)), free=1000, ratio=10)


def test_an_archive_must_be_a_regular_file(tmp_path: Path) -> None:
    """A large file, a folder and a missing one have different errors."""
    (tmp_path / "A.zip").write_bytes(pack(("p/x", b"y", REGULAR)))
    with archives.opened(tmp_path / "A.zip") as archive:
        assert archive.read("p/x") == b"y"
    with (
        pytest.raises(ProjectError, match="gfplug reads at most 10"),
        archives.opened(tmp_path / "A.zip", limits=archives.Limits(packed=10)),
    ):
        pass
    with pytest.raises(ProjectError, match=r"not a regular file|cannot be read"), archives.opened(tmp_path):
        pass
    with pytest.raises(FileNotFoundError), archives.opened(tmp_path / "none.zip"):
        pass
