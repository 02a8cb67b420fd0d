"""A proto from the user's path: a proto file, a checkout of the SDK, or a module zip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug import files
from gfplug.errors import FetchError
from gfplug.sdk import index, modzip, web
from gfplug.sdk.protoset import ProtoSet, embedded, normalise, verify_proto

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.sdk.versions import SdkVersion

_ZIP = b"PK\x03\x04"
_PLACES = (index.PROTO_PATH, "backend.proto", "pluginv2/backend.proto")


def read(path: Path, version: SdkVersion) -> ProtoSet:
    """Return the proto of a version from a file or folder.

    Raises: FetchError if the path has no proto; IntegrityError if it belongs to another version.
    """
    content = read_file(_locate(path), modzip.LIMIT)
    if content.startswith(_ZIP):
        archive = modzip.unpack(content, version)
        return verify_proto(archive.proto, version, source="file", h1=archive.h1)
    ours = embedded(version)
    if ours and files.sha256(normalise(content)) == ours.sha256:
        return ours  # gfplug's own proto, as `gfplug proto show` prints it
    return verify_proto(content, version, source="file")


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a file.

    Raises: MissingError if the file does not exist; FetchError if it can't be read or is larger than `limit` bytes.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except FileNotFoundError as error:
        raise web.MissingError(f"{path} does not exist") from error
    except OSError as error:
        raise FetchError(f"cannot read {path}: {error.strerror}") from error
    if len(content) > limit:
        raise FetchError(f"{path} is larger than {limit} bytes")
    return content


def _locate(path: Path) -> Path:
    if not path.exists():
        raise FetchError(f"{path} does not exist", hint="name a proto file, a checkout of the SDK, or a module zip")
    if not path.is_dir():
        return path
    for place in _PLACES:
        if (path / place).is_file():
            return path / place
    raise FetchError(
        f"{path} has no {index.PROTO_PATH}", hint="name a proto file, a checkout of the SDK, or a module zip"
    )
