"""A Go module zip: the proto in it, and Go's checksum of it; hostile archives are refused before they are unpacked.

Source: go1.26.8, cmd/vendor/golang.org/x/mod, zip (names, limits) and sumdb/dirhash (Hash1).
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import IntegrityError
from gfplug.sdk.index import MODULE, PROTO_PATH

if TYPE_CHECKING:
    from gfplug.sdk.versions import SdkVersion

LIMIT = 64 << 20
"""The largest zip accepted, in bytes; real ones have less than 2 MiB."""

_UNPACKED_LIMIT = 256 << 20
_PROTO_LIMIT = 1 << 20
_ENTRIES_LIMIT = 20_000
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError, ValueError)
_HINT = "the file was damaged or changed; get it again, from another source"


@dataclass(frozen=True, slots=True)
class ZipContent:
    """What a module zip holds of interest: the proto's bytes, and `h1`, the checksum as go.sum writes it."""

    proto: bytes
    h1: str


def unpack(content: bytes, version: SdkVersion) -> ZipContent:
    """Read the SDK's module zip of a version.

    Raises: IntegrityError if it is no zip, is damaged or oversized, holds foreign or unsafe names, is of another
    version, or has no proto.
    """
    what = f"module zip of SDK {version}"
    prefix = f"{MODULE}@{version}/"
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            _require_sane(what, entries, prefix)
            if prefix + PROTO_PATH not in archive.namelist():
                raise IntegrityError(f"{what} has no {PROTO_PATH}", hint="choose a release of the SDK that has one")
            digests = {entry.filename: _digest(archive, entry) for entry in entries}
            return ZipContent(proto=archive.read(prefix + PROTO_PATH), h1=_hash1(digests))
    except _BROKEN as error:
        raise IntegrityError(f"{what} is not a whole zip file: {error}", hint=_HINT) from error


def _require_sane(what: str, entries: list[zipfile.ZipInfo], prefix: str) -> None:
    names = [entry.filename for entry in entries]
    problem = ""
    if len(entries) > _ENTRIES_LIMIT:
        problem = f"holds {len(entries)} entries"
    elif sum(entry.file_size for entry in entries) > _UNPACKED_LIMIT:
        problem = f"unpacks to more than {_UNPACKED_LIMIT >> 20} MiB"
    elif foreign := next((name for name in names if not name.startswith(prefix)), None):
        problem = f"holds {foreign[:120]!r}, which is not below {prefix}"
    elif unsafe := next((name for name in names if not _is_safe(name)), None):
        problem = f"holds the unsafe name {unsafe[:120]!r}"
    elif len({name.casefold() for name in names}) != len(names):
        problem = "holds a name twice"
    elif any(entry.filename == prefix + PROTO_PATH and entry.file_size > _PROTO_LIMIT for entry in entries):
        problem = f"has a {PROTO_PATH} of more than {_PROTO_LIMIT >> 20} MiB"
    if problem:
        raise IntegrityError(f"{what} {problem}", hint=_HINT)


def _is_safe(name: str) -> bool:
    """Tell whether a name is a plain relative path of a file."""
    return not any(sign in name for sign in ("\\", "\0", "\n")) and not {"", ".", ".."}.intersection(name.split("/"))


def _digest(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    with archive.open(entry) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]  # reads, as it must


def _hash1(digests: dict[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
