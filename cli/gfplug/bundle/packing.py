"""The archive: a bundle as one zip file with the same bytes for every build."""

from __future__ import annotations

import os
import stat
import struct
import threading
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Self

from gfplug import files
from gfplug.errors import ToolError, UsageError
from gfplug.project.plugin_project import Manifest
from gfplug.untrusted import archives, documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EPOCH = 315532800
"""1980-01-01, the first time of the zip format."""

LEVEL = 10  # libdeflate's level: files 3 % smaller than zlib's best, in the same time
LATEST = 4354819198
"""2107-12-31 23:59:58, the last time of the zip format."""

_MAX_ZIP_BYTES, _MAX_ZIP_FILES, _MAX_NAME_BYTES = (
    0xFFFFFFFF,
    0xFFFF,
    0xFFFF,
)  # limits of a zip file: bytes, files, bytes of a name
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DEFLATED, _UNIX, _VERSION, _UTF8 = 8, 3, 20, 0x800


def epoch(variables: Mapping[str, str] | None = None) -> int:
    """Return the time, in seconds, for files that have no time: SOURCE_DATE_EPOCH, else 1980.

    Earlier times become 1980, the first time of a zip file: build tools often use 0 or 1.
    Raises: UsageError if SOURCE_DATE_EPOCH is not a number of seconds, or after the year 2107.
    """
    text = (os.environ if variables is None else variables).get("SOURCE_DATE_EPOCH", "")
    if not text:
        return EPOCH
    if not (text.isascii() and text.isdigit() and len(text) <= len("9999999999")):
        raise UsageError(f"SOURCE_DATE_EPOCH is {text!r}, not a number of seconds since 1970")
    if int(text) > LATEST:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {text}; a zip file supports years up to 2107", hint=f"use a number up to {LATEST}"
        )
    return max(EPOCH, int(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """One file of an archive; `mode` is what Unix calls st_mode."""

    name: str
    mode: int
    size: int
    crc: int
    packed: bytes = field(repr=False)


def pack(bundle: Path, archive: Path, *, seconds: int | None = None, previous: Path | None = None) -> str:
    """Write a bundle's archive, and its digest beside it in the form of `sha256sum`; return the digest.

    Shape: one folder named by the plugin id; sorted; 0755 for executable files, else 0644; links stay links. Files that
    are equal in `previous`, an earlier archive of gfplug, are copied from there with the same bytes.
    Raises: ToolError if the bundle is too big for a zip file.
    """
    return write(archive, _entries(bundle, previous), seconds=seconds)


def write(archive: Path, entries: Sequence[ArchiveEntry], *, seconds: int | None = None) -> str:
    """Write entries as an archive, in their order, and its digest beside it; return the digest.

    Raises: ToolError if a zip file can't hold them.
    """
    _require_fitting(entries)
    moment = datetime.fromtimestamp(min(LATEST, max(EPOCH, epoch() if seconds is None else seconds)), UTC)
    time = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    day = (moment.year - 1980) << 9 | moment.month << 5 | moment.day
    index, at = [], 0
    with archive.open("wb") as target:
        for entry in entries:
            name = entry.name.encode()
            common = (_UTF8, _DEFLATED, time, day, entry.crc, len(entry.packed), entry.size, len(name), 0)
            index.append(
                _CENTRAL.pack(b"PK\1\2", _VERSION, _UNIX, _VERSION, 0, *common, 0, 0, 0, entry.mode << 16, at) + name
            )
            local = _LOCAL.pack(b"PK\3\4", _VERSION, *common) + name
            target.write(local)
            target.write(entry.packed)
            at += len(local) + len(entry.packed)
        size = target.write(b"".join(index))
        target.write(_END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), size, at, 0))
    return _note_digest(archive)


def _require_fitting(entries: Sequence[ArchiveEntry]) -> None:
    """Refuse entries that exceed the limits of the zip format without zip64.

    Raises: ToolError naming the limit.
    """
    if len(entries) > _MAX_ZIP_FILES:
        raise ToolError(
            f"the bundle has {len(entries)} files; a zip file can have {_MAX_ZIP_FILES}",
            hint="remove data files from the bundle",
        )
    lengths = [len(entry.name.encode()) for entry in entries]
    if longest := next(
        (entry.name for entry, length in zip(entries, lengths, strict=True) if length > _MAX_NAME_BYTES), ""
    ):
        raise ToolError(f"the path of {longest[:80]!r} is too long for a zip file", hint="shorten it")
    if sum(max(len(entry.packed) + 200, entry.size) for entry in entries) + 2 * sum(lengths) > _MAX_ZIP_BYTES:
        raise ToolError("the bundle is too big for a zip file: over 4 GB", hint="remove data files from the bundle")


def repack(bundle: Path, archive: Path) -> str:
    """Pack an archive again from its bundle, with the archive's times; return its digest."""
    with archives.open_archive(archive) as old:
        seconds = min((member.seconds for member in old.members.values()), default=0)
    return publish(archive, _entries(bundle, archive), seconds=seconds)


def publish(archive: Path, entries: Sequence[ArchiveEntry], *, seconds: int) -> str:
    """Write an archive to a temporary file, then move it into place; return its digest."""
    unfinished = archive.with_name(f".{archive.name}")
    archive.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(unfinished, entries, seconds=seconds)
        unfinished.replace(archive)
    finally:
        unfinished.unlink(missing_ok=True)
        digest_path(unfinished).unlink(missing_ok=True)
    return _note_digest(archive)


def _note_digest(archive: Path) -> str:
    """Write an archive's digest beside it, make both readable, and return the digest."""
    digest, note = files.sha256_of(archive), digest_path(archive)
    note.write_bytes(f"{digest}  {archive.name}\n".encode())
    files.let_grafana_read(archive, note)
    return digest


def _entries(bundle: Path, previous: Path | None) -> list[ArchiveEntry]:
    """Compress the files of a bundle, below a folder with the plugin's id."""
    root = Manifest.read(bundle / "plugin.json").id
    paths = {f"{root}/{path.relative_to(bundle).as_posix()}": path for path in files.entries(bundle)}
    largest_first = sorted(paths, key=lambda name: paths[name].lstat().st_size, reverse=True)  # no thread ends late
    with EarlierArchive(previous) as old, ThreadPoolExecutor() as pool:
        entries = list(pool.map(lambda name: _entry(name, paths[name], old), largest_first))
    return sorted(entries, key=lambda one: one.name)


def entry(name: str, content: bytes, mode: int, old: EarlierArchive) -> ArchiveEntry:
    """Return the entry of a file; its compressed bytes are copied from the earlier archive if the content is equal."""
    from deflate import deflate_compress  # noqa: PLC0415 - only packing needs it

    body = old.packed(name, content)
    if body is None:
        body = bytes(deflate_compress(content, LEVEL)) if content else b"\3\0"
    return ArchiveEntry(name=name, mode=mode, size=len(content), crc=zlib.crc32(content), packed=body)


def unpack(entry: ArchiveEntry) -> bytes:
    """Return the content of one file."""
    return zlib.decompress(entry.packed, -zlib.MAX_WBITS)


def digest_path(archive: Path) -> Path:
    """Return the path of an archive's digest file."""
    return archive.with_name(f"{archive.name}.sha256")


def _entry(name: str, path: Path, old: EarlierArchive) -> ArchiveEntry:
    if path.is_symlink():
        return entry(name, path.readlink().as_posix().encode(), stat.S_IFLNK | 0o777, old)
    mode = stat.S_IFREG | (0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
    return entry(name, documents.read_bytes(path, most=_MAX_ZIP_BYTES), mode, old)


class EarlierArchive:
    """An earlier archive, whose compressed files may be reused; empty if it is None, missing or broken."""

    def __init__(self, path: Path | None) -> None:
        """Read an archive, if the file is one."""
        self.lock = threading.Lock()
        self.stream: IO[bytes] | None = None
        self.entries: dict[str, zipfile.ZipInfo] = {}
        if path is None:
            return
        try:
            with zipfile.ZipFile(path) as archive:
                if archive.comment == b"":
                    self.entries = {entry.filename: entry for entry in archive.infolist()}
            self.stream = path.open("rb")
        except (OSError, zipfile.BadZipFile):
            self.entries = {}

    def __enter__(self) -> Self:
        """Return the archive."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self.stream:
            self.stream.close()

    def packed(self, name: str, content: bytes) -> bytes | None:
        """Return the compressed bytes of a file, if its content is equal."""
        entry = self.entries.get(name)
        if not self.stream or not entry or entry.file_size != len(content) or entry.compress_type != _DEFLATED:
            return None
        with self.lock:
            self.stream.seek(entry.header_offset)
            header = self.stream.read(_LOCAL.size)
            if len(header) < _LOCAL.size:
                return None
            self.stream.seek(sum(_LOCAL.unpack(header)[-2:]), os.SEEK_CUR)
            body = self.stream.read(entry.compress_size)
        try:
            same = zlib.decompressobj(-zlib.MAX_WBITS).decompress(body, len(content) + 1) == content
        except zlib.error:
            return None
        return body if same else None
