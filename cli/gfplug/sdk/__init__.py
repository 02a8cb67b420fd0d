"""The known releases of the Go SDK, and the proto of each, verified before use."""

from __future__ import annotations

from gfplug.sdk.catalog import Release, releases
from gfplug.sdk.fetching import default, fetch, resolve
from gfplug.sdk.protoset import ProtoSet, embedded, normalise
from gfplug.sdk.versions import FLOOR, SdkVersion

__all__ = [
    "FLOOR",
    "ProtoSet",
    "Release",
    "SdkVersion",
    "default",
    "embedded",
    "fetch",
    "normalise",
    "releases",
    "resolve",
]
