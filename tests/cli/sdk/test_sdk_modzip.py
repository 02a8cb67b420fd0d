"""Module zips: Go's checksum, and archives that want to do harm."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from gfplug.errors import IntegrityError
from gfplug.sdk import modzip

if TYPE_CHECKING:
    from sdk_world import World

_PREFIX = "github.com/grafana/grafana-plugin-sdk-go@v0.250.0/"
_PROTO_NAME = f"{_PREFIX}proto/backend.proto"


def _raw_zip(entries: list[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return made.getvalue()


def test_the_proto_and_the_checksum_come_out(world: World) -> None:
    """The checksum was computed apart, from Go's definition: sha256 of sorted lines `sha256  name`."""
    found = modzip.unpack(_raw_zip([(_PROTO_NAME, b"proto"), (f"{_PREFIX}a", b"a")]), world.known)

    assert found.proto == b"proto"
    assert found.h1 == "h1:5+Nlbr8lCKEZRvWDAkzG/Gd+zb7QgreyIwAWP1EB7Ms="


def test_the_order_of_entries_does_not_count(world: World) -> None:
    """The checksum is of the files, not of the archive."""
    entries = [(_PROTO_NAME, b"proto"), (f"{_PREFIX}a", b"a")]

    assert modzip.unpack(_raw_zip(entries), world.known) == modzip.unpack(_raw_zip(entries[::-1]), world.known)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "/etc/passwd",
            "../evil",
            "other@v0.250.0/go.mod",
            "github.com/grafana/grafana-plugin-sdk-go@v0.251.0/go.mod",
        ),
        *(f"{_PREFIX}../../evil", f"{_PREFIX}a//b", f"{_PREFIX}./a", f"{_PREFIX}a\\b", f"{_PREFIX}folder/"),
    ],
)
def test_foreign_and_unsafe_names_are_refused(world: World, name: str) -> None:
    """Nothing is taken from an archive that names a place outside its own module."""
    with pytest.raises(IntegrityError, match="holds"):
        modzip.unpack(_raw_zip([(_PROTO_NAME, world.proto), (name, b"x")]), world.known)


def test_a_name_that_differs_in_case_only_is_refused(world: World) -> None:
    """On two of three systems they would be one file; Go's rules forbid it."""
    entries = [(_PROTO_NAME, world.proto), (f"{_PREFIX}readme", b"x"), (f"{_PREFIX}README", b"x")]

    with pytest.raises(IntegrityError, match="a name twice"):
        modzip.unpack(_raw_zip(entries), world.known)


def test_an_archive_that_unpacks_to_too_much_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of zeros is a kilobyte of zip."""
    monkeypatch.setattr(modzip, "_UNPACKED_LIMIT", 1 << 20)
    bomb = _raw_zip([(_PROTO_NAME, world.proto), (f"{_PREFIX}zeros", bytes(1 << 20))])

    with pytest.raises(IntegrityError, match="unpacks to more than 1 MiB"):
        modzip.unpack(bomb, world.known)


def test_an_archive_that_lies_about_its_sizes_is_refused(world: World) -> None:
    """What is declared small is not unpacked large."""
    size = 3 << 20
    liar = _raw_zip([(_PROTO_NAME, world.proto), (f"{_PREFIX}zeros", bytes(size))])
    liar = liar.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))

    with pytest.raises(IntegrityError, match="is not a whole zip file: Bad CRC-32"):
        modzip.unpack(liar, world.known)


def test_an_oversized_proto_is_refused(world: World) -> None:
    """The real one has 15 KB."""
    with pytest.raises(IntegrityError, match=r"proto/backend\.proto of more than 1 MiB"):
        modzip.unpack(_raw_zip([(_PROTO_NAME, bytes((1 << 20) + 1))]), world.known)


def test_too_many_entries_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real one has some hundred."""
    monkeypatch.setattr(modzip, "_ENTRIES_LIMIT", 2)

    with pytest.raises(IntegrityError, match="holds 3 entries"):
        modzip.unpack(_raw_zip([(_PROTO_NAME, b""), (f"{_PREFIX}a", b""), (f"{_PREFIX}b", b"")]), world.known)


def test_a_zip_without_a_proto_is_refused(world: World) -> None:
    """v0.4.0 and earlier have other files."""
    with pytest.raises(IntegrityError, match=r"has no proto/backend\.proto"):
        modzip.unpack(world.zip(world.known, {"go.mod": b"module x\n"}), world.known)


@pytest.mark.parametrize("content", [b"", b"<html></html>", b"PK\x03\x04 and no more", bytes(100)])
def test_what_is_no_zip_is_refused(world: World, content: bytes) -> None:
    """A web page saved under a zip's name is no zip."""
    with pytest.raises(IntegrityError, match="is not a whole zip file"):
        modzip.unpack(content, world.known)


def test_every_truncation_is_noticed(world: World) -> None:
    """Wherever the download broke off, nothing is taken."""
    whole = world.zip(world.known)

    for length in range(0, len(whole), 7):
        with pytest.raises(IntegrityError):
            modzip.unpack(whole[:length], world.known)


def test_a_damaged_entry_is_noticed(world: World) -> None:
    """Each entry's CRC is checked, also of files that nobody wants."""
    whole = bytearray(world.zip(world.known))
    at = whole.index(b"go.mod") + len(b"go.mod") + 2
    whole[at] ^= 0xFF

    with pytest.raises(IntegrityError, match="is not a whole zip file"):
        modzip.unpack(bytes(whole), world.known)
