"""The Go SDK's releases: which are known, and the proto of each, obtained from somewhere and verified before use."""

from __future__ import annotations

from gfplug.sdk.protoset import ProtoSet
from gfplug.sdk.sources import default, fetch, resolve
from gfplug.sdk.versions import FLOOR, SdkVersion

__all__ = ["FLOOR", "ProtoSet", "SdkVersion", "default", "fetch", "resolve"]
