"""The available releases: those in the index, and on request others that a source lists."""

from __future__ import annotations

from dataclasses import dataclass

from gfplug.sdk import index
from gfplug.sdk.versions import FLOOR, SdkVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One release and its facts; a release that only a source lists has no facts.

    Shape: `time` is RFC 3339 in UTC; `same_wire` are the other known releases with the same wire format, newest first.
    """

    version: SdkVersion
    time: str | None
    commit: str | None
    descriptor: str | None
    same_wire: tuple[SdkVersion, ...]
    is_embedded: bool


def releases(*, with_remote: bool = False) -> list[Release]:
    """Return the supported releases, newest first.

    Raises: FetchError if `with_remote` is set and the source can't be reached.
    """
    sdk_index = index.load()
    versions = set(sdk_index.entries)
    if with_remote:
        from gfplug.sdk import remote  # noqa: PLC0415 - urllib is 40 ms that most commands do without

        versions.update(remote.releases())
    return [_release(sdk_index, version) for version in sorted(versions, reverse=True) if version >= FLOOR]


def _release(sdk_index: index.Index, version: SdkVersion) -> Release:
    entry = sdk_index.find(version)
    others = [other for other in sdk_index.entries if other != version and sdk_index.same_wire(version, other)]
    return Release(
        version=version,
        time=entry.time if entry else None,
        commit=entry.commit if entry else None,
        descriptor=entry.descriptor if entry else None,
        same_wire=tuple(sorted(others, reverse=True)),
        is_embedded=sdk_index.same_wire(version, sdk_index.default),
    )
