"""A Go module zip: its proto and its Go checksum; hostile archives are refused before they are unpacked.

Source: go1.26.8, cmd/vendor/golang.org/x/mod, zip (names, limits) and sumdb/dirhash (Hash1).
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug.errors import IntegrityError
from gfplug.sdk.index import MODULE, PROTO_PATH
from gfplug.untrusted import archives

if TYPE_CHECKING:
    from gfplug.sdk.versions import SdkVersion

LIMIT = 64 << 20
"""The largest accepted zip, in bytes; real zips have less than 2 MiB."""

_LIMITS = archives.Limits(packed=LIMIT, unpacked=256 << 20)
_PROTO_LIMIT = 1 << 20
_HINT = "the file was damaged or changed; download it again, from another source"


@dataclass(frozen=True, slots=True)
class ZipContent:
    """The proto's bytes of a module zip, and `h1`, the checksum in the form of go.sum."""

    proto: bytes
    h1: str


def unpack(content: bytes, version: SdkVersion) -> ZipContent:
    """Read the SDK's module zip of a version.

    Raises: IntegrityError if the content is not a zip, is damaged or too large, has foreign or unsafe names, is of
    another version, or has no proto.
    """
    what = f"module zip of SDK {version}"
    prefix = f"{MODULE}@{version}/"
    with archives.open_archive(io.BytesIO(content), name=what, limits=_LIMITS) as archive:
        for name, member in archive.members.items():
            if not name.startswith(prefix) or member.is_link:
                raise IntegrityError(f"{what} contains {name[:120]!r}, which is not a file below {prefix}", hint=_HINT)
        proto = archive.members.get(prefix + PROTO_PATH)
        if proto is None:
            raise IntegrityError(f"{what} has no {PROTO_PATH}", hint="choose an SDK release that has one")
        if proto.size > _PROTO_LIMIT:
            raise IntegrityError(f"{what} has a {PROTO_PATH} of more than {_PROTO_LIMIT >> 20} MiB", hint=_HINT)
        digests = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.members}
        return ZipContent(proto=archive.read(proto.name), h1=_hash1(digests))


def _hash1(digests: dict[str, str]) -> str:
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
