"""Module zips: Go's checksum, and malicious archives."""

import pytest
from sdk_world import World, make_zip

from gfplug.errors import IntegrityError
from gfplug.sdk import modzip
from gfplug.untrusted import archives

_PREFIX = "github.com/grafana/grafana-plugin-sdk-go@v0.250.0/"
_PROTO_NAME = f"{_PREFIX}proto/backend.proto"
FOREIGN = (
    *("/etc/passwd", "../evil", "other@v0.250.0/go.mod", f"{_PREFIX.replace('250', '251')}go.mod"),
    *(f"{_PREFIX}../../evil", f"{_PREFIX}a//b", f"{_PREFIX}./a", f"{_PREFIX}a\\b"),
)


@pytest.mark.parametrize("step", [1, -1])
def test_the_proto_and_the_checksum_are_read(world: World, step: int) -> None:
    """The expected checksum was computed separately: sha256 of the sorted lines `sha256  name`."""
    entries = [(_PROTO_NAME, b"proto"), (f"{_PREFIX}a", b"a")]
    module = modzip.unpack(make_zip(entries[::step]), world.indexed)

    assert module.proto == b"proto"
    assert module.h1 == "h1:5+Nlbr8lCKEZRvWDAkzG/Gd+zb7QgreyIwAWP1EB7Ms="


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        *(([(_PROTO_NAME, b""), (name, b"x")], r"(contains|names) .*, which is not") for name in FOREIGN),
        ([(_PROTO_NAME, b""), (f"{_PREFIX}readme", b"x"), (f"{_PREFIX}README", b"x")], "README' twice"),
        ([(_PROTO_NAME, b""), (f"{_PREFIX}zeros", bytes((1 << 20) + 1))], "unpacks to more than 1 MB"),
        ([(_PROTO_NAME, bytes((1 << 10) + 1))], r"proto/backend\.proto of more than 0 MiB"),
        ([(f"{_PREFIX}{number}", b"") for number in range(4)], "more than 3 members"),
        ([(f"{_PREFIX}go.mod", b"module x\n")], r"has no proto/backend\.proto"),
    ],
)
def test_an_archive_with_invalid_members_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, entries: list[tuple[str, bytes]], problem: str
) -> None:
    """It has a path outside its module, one name in two spellings, too much of something, or no proto."""
    monkeypatch.setattr(modzip, "_LIMITS", archives.Limits(unpacked=1 << 20, members=3))
    monkeypatch.setattr(modzip, "_PROTO_LIMIT", 1 << 10)

    with pytest.raises(IntegrityError, match=problem):
        modzip.unpack(make_zip(entries), world.indexed)


def test_the_limits_are_far_above_real_sizes() -> None:
    """The real zip has less than 2 MiB and some hundred entries, the real proto 15 KB."""
    assert (modzip.LIMIT, modzip._LIMITS.unpacked, modzip._PROTO_LIMIT) == (64 << 20, 256 << 20, 1 << 20)


def test_an_archive_with_wrong_sizes_is_refused(world: World) -> None:
    """A member with a small declared size is not unpacked further."""
    size = 3 << 20
    liar = make_zip([(_PROTO_NAME, world.proto), (f"{_PREFIX}zeros", bytes(size))])
    liar = liar.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))

    with pytest.raises(IntegrityError, match="zeros' is damaged: Bad CRC-32"):
        modzip.unpack(liar, world.indexed)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04 and no more", bytes(100)])
def test_a_file_that_is_not_a_zip_is_refused(world: World, content: bytes) -> None:
    """It is a web page with the name of a zip file."""
    with pytest.raises(IntegrityError, match="is not a whole zip file"):
        modzip.unpack(content, world.indexed)


def test_an_archive_truncated_at_any_place_is_refused(world: World) -> None:
    """A download that stops anywhere is refused."""
    whole = world.zip(world.indexed)

    for length in range(0, len(whole), 7):
        with pytest.raises(IntegrityError):
            modzip.unpack(whole[:length], world.indexed)


def test_an_archive_with_a_damaged_entry_is_refused(world: World) -> None:
    """Each entry's CRC is checked, also of files that are not used."""
    whole = bytearray(world.zip(world.indexed))
    at = whole.index(b"go.mod") + len(b"go.mod") + 2
    whole[at] ^= 0xFF

    with pytest.raises(IntegrityError, match=r"is damaged|other bytes|whole zip"):
        modzip.unpack(bytes(whole), world.indexed)
