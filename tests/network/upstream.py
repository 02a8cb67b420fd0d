"""The real releases of the SDK, from Go's module cache or the configured module proxy."""

import pytest

from gfplug.errors import FetchError
from gfplug.sdk import ProtoSet, SdkVersion, goenv, gomodcache, goproxy, index, modzip, normalise, remote, web


def download(version: SdkVersion) -> goproxy.Module:
    """Return a real module zip, or skip with the reason."""
    if module := gomodcache.find(version):
        return module
    if goenv.proxy() in {"", "off", "direct"}:
        pytest.skip("no Go module proxy is configured, and Go's module cache lacks the release")
    try:
        return remote.ask_in_turn(lambda address: goproxy.download(address, version, web.Deadline(120)))
    except FetchError as error:
        pytest.skip(f"the configured source is not reachable: {error}")


def proto(version: SdkVersion) -> ProtoSet:
    """Return a release's proto, also of releases that are too old."""
    text = normalise(modzip.unpack(download(version).content, version).proto)
    return ProtoSet(version=version, text=text, source="gomodcache")


def first_of_each_wire() -> list[SdkVersion]:
    """List the releases since the oldest supported one that changed the wire, oldest first."""
    entries = index.load().entries
    return sorted({entry.descriptor: version for version, entry in sorted(entries.items(), reverse=True)}.values())
