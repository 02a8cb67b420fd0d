"""The index: facts about each release of the Go SDK that are known without a download (`proto/versions.json`)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from gfplug import resources
from gfplug.sdk.versions import SdkVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE = "github.com/grafana/grafana-plugin-sdk-go"
PROTO_PATH = "proto/backend.proto"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedRelease:
    """One release.

    Shape: `sha256` is that of upstream's file with LF line ends; `descriptor` is its `stubs.digest`; `h1` is the Go
    checksum of the module's zip. `time` is upstream's release time, RFC 3339 in UTC; `commit` may be unknown.
    """

    version: SdkVersion
    time: str
    commit: str | None
    h1: str
    sha256: str
    descriptor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """All known releases; the embedded proto has the wire format of `default`."""

    default: SdkVersion
    floor: SdkVersion
    entries: Mapping[SdkVersion, IndexedRelease]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Index:
        """Read the stored form, in which releases with the same proto share one record."""
        protos = value["protos"]
        releases = [
            IndexedRelease(
                version=SdkVersion.parse(text),
                time=entry["time"],
                commit=entry["commit"],
                h1=entry["h1"],
                sha256=protos[entry["proto"]]["sha256"],
                descriptor=protos[entry["proto"]]["descriptor"],
            )
            for text, entry in value["versions"].items()
        ]
        return cls(
            default=SdkVersion.parse(value["default"]),
            floor=SdkVersion.parse(value["floor"]),
            entries={release.version: release for release in sorted(releases, key=lambda release: release.version)},
        )

    def find(self, version: SdkVersion) -> IndexedRelease | None:
        """Return the facts about a release; None for releases that are newer than this gfplug."""
        return self.entries.get(version)

    def same_wire(self, one: SdkVersion, other: SdkVersion) -> bool:
        """Tell whether two releases are known to have the same wire format."""
        entries = [self.entries.get(version) for version in (one, other)]
        return all(entries) and len({entry.descriptor for entry in entries if entry}) == 1


@cache
def load() -> Index:
    """Return the index that is part of this gfplug."""
    return Index.from_json(json.loads((resources.folder("proto") / "versions.json").read_text(encoding="utf-8")))
