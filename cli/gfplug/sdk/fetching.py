"""The sources of a proto, in order: a path from the user, gfplug's files, this machine's caches, the network."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gfplug.errors import FetchError, IntegrityError
from gfplug.sdk import cache, index
from gfplug.sdk.protoset import ProtoSet, embedded, verify_proto
from gfplug.sdk.versions import SdkVersion, require_supported

if TYPE_CHECKING:
    from pathlib import Path

_FETCH_TIMEOUT_SECONDS = 60.0  # for all network requests together
_log = logging.getLogger("gfplug")


def default() -> SdkVersion:
    """Return the newest release that this gfplug was made for; the embedded proto has its wire format."""
    return index.load().default


def resolve(text: str, *, offline: bool = False) -> SdkVersion:
    """Return the version for a text: a release, `default`, or `latest`.

    `latest` is the newest release that the configured source lists or the index knows; offline, the newest that the
    index knows.
    Raises: UsageError if the text is not a version; CompatError if it is older than the floor; FetchError if `latest`
    can't be determined.
    """
    if text == "default":
        return default()
    if text != "latest":
        return require_supported(SdkVersion.parse(text))
    newest = max(index.load().entries)
    if offline:
        return newest
    from gfplug.sdk import remote  # noqa: PLC0415 - urllib is 40 ms that most commands do without

    return max([newest, *remote.releases()])


def fetch(version: SdkVersion, *, source: Path | None = None, offline: bool = False) -> ProtoSet:
    """Return the proto of a version, verified against all known facts.

    Raises: CompatError below the floor; FetchError if no source has the proto; IntegrityError if the bytes are wrong.
    """
    require_supported(version)
    if source is not None:
        from gfplug.sdk import local  # noqa: PLC0415 - as above

        return local.read(source, version)
    if protos := embedded(version) or cache.find(version) or _from_go(version):
        return protos
    if offline:
        raise FetchError(
            f"the proto of SDK {version} is not on this machine, and --offline forbids the network",
            hint="omit --offline, or name a file with --from",
        )
    from gfplug.sdk import remote  # noqa: PLC0415 - as above

    protos = remote.fetch(version, seconds=_FETCH_TIMEOUT_SECONDS)
    cache.store(protos)
    return protos


def _from_go(version: SdkVersion) -> ProtoSet | None:
    from gfplug.sdk import gomodcache, modzip  # noqa: PLC0415 - as above

    module = gomodcache.find(version)
    if module is None:
        return None
    archive = modzip.unpack(module.content, version)
    try:
        return verify_proto(archive.proto, version, source="gomodcache", commit=module.commit, h1=archive.h1)
    except IntegrityError as error:
        _log.warning("Go's module cache was ignored for SDK %s: %s", version, error)
        return None
