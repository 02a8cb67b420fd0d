"""Untrusted zip archives: all members are checked before the first is read, and each is read within limits.

Each of these is refused by an error that names the member: paths that lead out of the archive or that some system reads
differently, two members for one file, links that lead out of the archive, devices, encryption, compression other than
stored and deflated, more bytes or a better ratio than a real archive has, and members that share bytes.
"""

from __future__ import annotations

import posixpath
import stat
import struct
import unicodedata
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from gfplug.errors import IntegrityError
from gfplug.untrusted import documents, paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_END = struct.Struct("<4s4H2LH")
_MAX_COMMENT_BYTES = 1 << 16
_BROKEN = (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile)
_ENCRYPTED = 0x1
_FIRST_DAY = 315_532_800  # 1980-01-01
_LOCAL_HEADER = 30  # bytes of the record, without the name


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of an archive; sizes are in bytes.

    `ratio` is the limit of unpacked to packed bytes; it is checked only for archives with more than `ratio_from`
    unpacked bytes.
    """

    packed: int = 1 << 30
    unpacked: int = 2 << 30
    members: int = 20_000
    directory: int = 8 << 20
    ratio: int = 50
    ratio_from: int = 64 << 20


DEFAULTS = Limits()
"""The limits for a plugin's archive; they fit six platforms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file or link of an archive: `name` is its POSIX path, `mode` its Unix st_mode, `size` its size in bytes."""

    name: str
    mode: int
    size: int
    info: zipfile.ZipInfo

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link; its bytes are then the link's target."""
        return stat.S_ISLNK(self.mode)

    @property
    def is_executable(self) -> bool:
        """Whether its owner may execute it."""
        return bool(self.mode & stat.S_IXUSR)

    @property
    def seconds(self) -> int:
        """The time of the last change, in seconds since 1970; 1980-01-01 if the date is invalid."""
        try:
            return int(datetime(*self.info.date_time, tzinfo=UTC).timestamp())
        except ValueError:
            return _FIRST_DAY


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose members were all checked; `members` are its files and links, in the archive's order."""

    name: str
    members: dict[str, Member]
    _zip: zipfile.ZipFile

    def read(self, name: str) -> bytes:
        """Return a member's bytes, after a check of the size and the checksum.

        Raises: IntegrityError if the bytes differ from the header.
        """
        return _read(self._zip, self.members[name].info, source=self.name)

    def open(self, name: str) -> IO[bytes]:
        """Open a member as a stream; it ends after the size in the header."""
        return self._zip.open(self.members[name].info)


@contextmanager
def open_archive(source: Path | IO[bytes], *, name: str = "", limits: Limits = DEFAULTS) -> Iterator[Archive]:
    """Open an archive after a check of all its members; `name` is its name in errors.

    Raises: IntegrityError if it is not a complete zip file, or has a refused member; FileNotFoundError if missing.
    """
    name = name or str(source)
    stream = documents.open_file(source, most=limits.packed, name=name) if isinstance(source, Path) else source
    with stream:
        _check_directory(stream, name, limits)
        try:
            archive = zipfile.ZipFile(stream)
        except _BROKEN as error:
            raise IntegrityError(f"{name} is not a whole zip file: {error}", hint=_HINT) from error
        with archive:
            yield Archive(name, _check_members(archive, name, limits), archive)


_HINT = "the file was damaged or changed; get it again, or build it again"


def _check_directory(stream: IO[bytes], name: str, limits: Limits) -> None:
    """Refuse an archive whose list of members would take too much memory, before the list is read."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _MAX_COMMENT_BYTES - _END.size))
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    stream.seek(0)
    if at < 0 or len(tail) - at < _END.size:
        raise IntegrityError(f"{name} is not a whole zip file: it has no list of members", hint=_HINT)
    _, _, _, _, count, directory, _, _ = _END.unpack_from(tail, at)
    if count > limits.members or directory > limits.directory:
        raise IntegrityError(f"{name} has more than {limits.members} members", hint=_HINT)


def _check_members(archive: zipfile.ZipFile, source: str, limits: Limits) -> dict[str, Member]:
    infos = archive.infolist()
    if len(infos) > limits.members:
        raise IntegrityError(f"{source} has more than {limits.members} members", hint=_HINT)
    _check_sizes(infos, source, limits)
    _check_overlap(archive, infos, source)
    members = {}
    for info in infos:
        name = _checked_name(info, source)
        mode = _checked_mode(info, source)
        if not info.is_dir():
            members[name] = Member(name=name, mode=mode, size=info.file_size, info=info)
    _check_distinct(infos, source)
    _check_links(archive, members, source)
    return members


def _check_sizes(infos: Sequence[zipfile.ZipInfo], source: str, limits: Limits) -> None:
    unpacked, packed = sum(info.file_size for info in infos), sum(info.compress_size for info in infos)
    if unpacked > limits.unpacked:
        raise IntegrityError(f"{source} unpacks to more than {limits.unpacked >> 20} MB", hint=_HINT)
    if unpacked > limits.ratio_from and unpacked > limits.ratio * max(packed, 1):
        times = unpacked // max(packed, 1)
        raise IntegrityError(
            f"{source} unpacks to {unpacked >> 20} MB, {times} times its size; at most {limits.ratio} is accepted",
            hint=_HINT,
        )


def _check_overlap(archive: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo], source: str) -> None:
    """Refuse members that share bytes: with them a small archive can unpack to any size."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise IntegrityError(f"{source}: {info.filename[:80]!r} shares its bytes with another member", hint=_HINT)
        end = info.header_offset + _LOCAL_HEADER + info.compress_size
    if end > archive.start_dir:
        raise IntegrityError(f"{source} is not a whole zip file: a member ends after the end of the file", hint=_HINT)


def _checked_name(info: zipfile.ZipInfo, source: str) -> str:
    name = info.filename.removesuffix("/")
    if info.orig_filename != info.filename:  # zipfile cuts a name at its first zero byte
        raise IntegrityError(f"{source} names {info.orig_filename[:80]!r}, which is not a path inside it", hint=_HINT)
    if info.flag_bits & _ENCRYPTED:
        raise IntegrityError(f"{source}: {name[:80]!r} is encrypted", hint=_HINT)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        kind = zipfile.compressor_names.get(info.compress_type, info.compress_type)  # type: ignore[attr-defined]
        raise IntegrityError(f"{source}: {name[:80]!r} is compressed by {kind}, not by deflate", hint=_HINT)
    return paths.require_inside(name, source=source)


def _checked_mode(info: zipfile.ZipInfo, source: str) -> int:
    """Return a member's st_mode; the mode of a regular file if the archive was made on Windows."""
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if kind not in (0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR) or (kind == stat.S_IFDIR) > info.is_dir():
        raise IntegrityError(f"{source}: {info.filename[:80]!r} is neither a file nor a link", hint=_HINT)
    if mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        raise IntegrityError(f"{source}: {info.filename[:80]!r} has the mode {mode & 0o7777:04o}", hint=_HINT)
    return mode if kind else stat.S_IFREG | 0o644


def _check_distinct(infos: Sequence[zipfile.ZipInfo], source: str) -> None:
    """Refuse two members that some system treats as one file, and a file that is also the folder of another member."""
    folders = {parent for info in infos for parent in _parents(info.filename.removesuffix("/"))}
    paths.require_distinct((info.filename.removesuffix("/") for info in infos), source=source)
    for info in infos:
        if not info.is_dir() and _folded(info.filename) in folders:
            raise IntegrityError(f"{source} names {info.filename[:80]!r} as a file and as a folder", hint=_HINT)


def _check_links(archive: zipfile.ZipFile, members: dict[str, Member], source: str) -> None:
    """Refuse links that lead out of their root folder, and links to links."""
    links = {_folded(name) for name, member in members.items() if member.is_link}
    for name, member in members.items():
        if not member.is_link:
            continue
        if member.size > paths.MAX_PATH_CHARACTERS:
            raise IntegrityError(f"{source}: the link {name[:80]!r} leads to a path of {member.size} bytes", hint=_HINT)
        try:
            target = _read(archive, member.info, source=source).decode()
        except UnicodeDecodeError as error:
            raise IntegrityError(f"{source}: the link {name[:80]!r} leads to a path that is not UTF-8") from error
        end = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        is_inside = target[:1] not in ("", "/") and end.split("/")[0] == name.split("/")[0]
        if not is_inside or not paths.is_inside(end) or links.intersection({_folded(end), *_parents(end)}):
            raise IntegrityError(f"{source}: the link {name[:80]!r} leads to {target[:80]!r}", hint=_HINT)


def _parents(name: str) -> Iterator[str]:
    parts = _folded(name).split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, source: str) -> bytes:
    try:
        with archive.open(info) as stream:
            content = stream.read(info.file_size + 1)
    except _BROKEN as error:
        raise IntegrityError(f"{source}: {info.filename[:80]!r} is damaged: {error}", hint=_HINT) from error
    if len(content) != info.file_size:
        raise IntegrityError(
            f"{source}: {info.filename[:80]!r} is not as long as the archive says ({info.file_size} bytes)", hint=_HINT
        )
    return content
