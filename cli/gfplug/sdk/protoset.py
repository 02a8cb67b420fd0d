"""A proto as verified text: its line ends, encoding, package, and the digest in the index."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gfplug import files, resources
from gfplug.errors import IntegrityError
from gfplug.sdk import index

if TYPE_CHECKING:
    from gfplug.sdk.versions import SdkVersion

_log = logging.getLogger("gfplug")
_BOM = b"\xef\xbb\xbf"
_PACKAGE = re.compile(rb"^[ \t]*package[ \t]+pluginv2[ \t]*;", re.MULTILINE)
_SYNTAX = re.compile(rb"""^[ \t]*syntax[ \t]*=[ \t]*["']proto3["'][ \t]*;""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtoSet:
    """The SDK proto of one version.

    Shape: `text` has LF line ends; `source` is a kind (`embedded`, `cache`, `gomodcache`, `goproxy`, `github`, `file`),
    never a URL; `descriptor` is the digest in the index, None for a version that the index lacks.
    """

    version: SdkVersion
    text: bytes
    source: str
    commit: str | None = None
    descriptor: str | None = None

    @property
    def sha256(self) -> str:
        """The digest of the text."""
        return files.sha256(self.text)


def embedded(version: SdkVersion) -> ProtoSet | None:
    """Return the proto inside gfplug for a version with its wire format; None for another wire format."""
    sdk_index = index.load()
    entry = sdk_index.find(version)
    if entry is None or not sdk_index.same_wire(version, sdk_index.default):
        return None
    text = normalise((resources.folder("proto") / "pluginv2" / "backend.proto").read_bytes())
    return ProtoSet(version=version, text=text, source="embedded", commit=entry.commit, descriptor=entry.descriptor)


def normalise(raw: bytes) -> bytes:
    """Return a proto with LF line ends and no byte order mark; digests are computed from this form."""
    return raw.removeprefix(_BOM).replace(b"\r\n", b"\n")


def verify_proto(
    raw: bytes, version: SdkVersion, *, source: str, commit: str | None = None, h1: str | None = None
) -> ProtoSet:
    """Verify the bytes and return them as a ProtoSet.

    A version that is not in the index is compared with Go's checksum database; if that is impossible, it is trusted on
    first use: the lock then pins it.
    Raises: IntegrityError if the bytes are not a pluginv2 proto, or differ from the index or the database.
    """
    text = normalise(raw)
    require_proto(text, f"SDK {version} from {source}")
    protos = ProtoSet(version=version, text=text, source=source, commit=commit)
    entry = index.load().find(version)
    if entry is None:
        from gfplug.sdk import checksums  # noqa: PLC0415 - few versions need it

        if problem := checksums.compare(version, h1):
            _log.warning(
                "SDK %s is not in this gfplug's index, and was not compared with Go's checksum database (%s): "
                "gfplug trusts it on first use, and the lock pins it",
                *(version, problem),
            )
        return protos
    _require_equal(f"proto of SDK {version} from {source}: sha256", protos.sha256, entry.sha256)
    if h1 is not None:
        _require_equal(f"module zip of SDK {version} from {source}: checksum", h1, entry.h1)
    if commit is not None and entry.commit is not None:
        _require_equal(f"tag {version} from {source}: commit", commit, entry.commit)
    return replace(protos, commit=entry.commit or commit, descriptor=entry.descriptor)


def require_proto(text: bytes, what: str) -> None:
    """Refuse bytes that can't be a proto of the plugin protocol, and describe what they look like.

    Raises: IntegrityError if the bytes are empty, a web page, not UTF-8, not proto3, or of another package.
    """
    head = text.lstrip()[:200].lower()
    problem = ""
    if not head:
        problem = "is empty"
    elif head.startswith((b"<!doctype", b"<html", b"<?xml")):
        problem = "is a web page, not a proto"
    elif not _is_utf8(text):
        problem = "is not UTF-8 text"
    elif not _SYNTAX.search(text):
        problem = "is not a proto3 file"
    elif not _PACKAGE.search(text):
        problem = "does not declare the package pluginv2"
    if problem:
        raise IntegrityError(f"{what} {problem}", hint="check that the source is not a login page or a wrong file")


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _require_equal(what: str, actual: str, promised: str) -> None:
    if actual != promised:
        raise IntegrityError(
            f"{what} is {actual}, but the index has {promised}",
            hint="the bytes were changed in transit, or belong to another version; try another source",
        )
