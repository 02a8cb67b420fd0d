"""Rewrite versions.json: what each release of the Go SDK is, taken from the release itself.

    python proto/refresh.py [VERSION...] [--recheck]

Releases come from the configured Go module proxy's list, from GitHub's tags where GitHub can be reached, from the file
itself, and from the command line. Each new one is downloaded once, in turn; the file is written after each, so that a
run that is stopped goes on where it was. A recorded release never changes: a difference is an error.
"""

# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.errors import FetchError, GfplugError, IntegrityError
from gfplug.sdk import github, gomodcache, goproxy, index, modzip, remote, stubs, versions, web
from gfplug.sdk.protoset import ProtoSet, normalise, require_proto
from gfplug.sdk.versions import SdkVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).resolve().parent
FILE = HERE / "versions.json"
FORMAT = 1
PAUSE = 1.0
"""Seconds between two downloads."""

SECONDS = 120.0
"""For one question to the network."""


def main() -> int:
    """Bring the file up to date; return 1 if something could not be had or differs."""
    parser = argparse.ArgumentParser(description="Rewrite versions.json.")
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="a release that no list names")
    parser.add_argument("--recheck", action="store_true", help="also get the recorded releases, and compare")
    options = parser.parse_args()
    try:
        refresh([SdkVersion.parse(text) for text in options.versions], recheck=options.recheck)
    except GfplugError as error:
        say(f"error: {error}")
        return 1
    return 0


def refresh(named: list[SdkVersion], *, recheck: bool) -> None:
    """Add what is missing, one release after the other, and store each."""
    known, tagged = index.load(), commits()
    entries = {version: with_commit(entry, tagged.get(version)) for version, entry in known.entries.items()}
    candidates = {*named, *listed(), *tagged, *entries}
    supported = sorted(version for version in candidates if version >= versions.FLOOR)
    wanted = [version for version in supported if recheck or version not in entries]
    for number, version in enumerate(wanted):
        entry = describe(version, tagged.get(version))
        if version in entries and entry != replace(entries[version], commit=entry.commit):
            raise IntegrityError(f"SDK {version} is not what the file records: {entry}")
        entries[version] = with_commit(entry, entries[version].commit if version in entries else None)
        store(entries)
        say(f"{version} {entry.sha256[:12]} ({number + 1}/{len(wanted)})")
    store(entries)
    say(f"{len(entries)} releases, {len({entry.descriptor for entry in entries.values()})} wires")


def describe(version: SdkVersion, commit: str | None) -> index.IndexedRelease:
    """Get one release and state its facts."""
    module = gomodcache.find(version)
    if module is None:
        time.sleep(PAUSE)
        module = remote.ask_in_turn(lambda address: download(address, version))
    unpacked = modzip.unpack(module.content, version)
    text = normalise(unpacked.proto)
    require_proto(text, f"SDK {version}")
    if module.time is None:
        raise FetchError(f"the source does not say when SDK {version} was made")
    return index.IndexedRelease(
        version=version,
        time=module.time,
        commit=commit or module.commit,
        h1=unpacked.h1,
        sha256=files.sha256(text),
        descriptor=descriptor(version, text),
    )


def download(address: str, version: SdkVersion) -> goproxy.Module:
    """Get a release's zip; GitHub has none whose checksum is Go's."""
    if address == "direct":
        raise FetchError(f"SDK {version} is not served by a module proxy; GOPROXY names no other")
    return goproxy.download(address, version, web.Deadline(SECONDS))


def descriptor(version: SdkVersion, text: bytes) -> str:
    """Compile a proto and return the digest of its descriptor."""
    described = stubs.describe(ProtoSet(version=version, text=text, source="file"))
    stubs.check(described)
    return stubs.digest(described)


def listed() -> list[SdkVersion]:
    """Return what the configured source lists; nothing where it can not be asked."""
    try:
        return remote.releases(seconds=SECONDS)
    except GfplugError as error:
        say(f"no list: {error}")
        return []


def commits() -> dict[SdkVersion, str]:
    """Return GitHub's tags with their commits; nothing where GitHub can not be reached."""
    try:
        return github.tags(web.Deadline(SECONDS))
    except GfplugError as error:
        say(f"no tags: {error}")
        return {}


def with_commit(entry: index.IndexedRelease, commit: str | None) -> index.IndexedRelease:
    """Return an entry with its commit, where that was unknown.

    Raises: IntegrityError if a recorded commit is another one: a tag was moved.
    """
    if commit and entry.commit and commit != entry.commit:
        raise IntegrityError(f"the tag {entry.version} moved from {entry.commit} to {commit}")
    return replace(entry, commit=entry.commit or commit)


def store(entries: dict[SdkVersion, index.IndexedRelease]) -> None:
    """Write the file; `default` is the newest release that speaks the wire of the embedded proto."""
    embedded = descriptor(versions.FLOOR, normalise((HERE / "pluginv2" / "backend.proto").read_bytes()))
    served = [version for version, entry in entries.items() if entry.descriptor == embedded]
    if not served:
        raise IntegrityError("pluginv2/backend.proto speaks no release's wire")
    if max(served) != max(entries):
        say(f"note: {max(entries)} speaks another wire than pluginv2/backend.proto; the default stays {max(served)}")
    content = index.Index(default=max(served), floor=versions.FLOOR, entries=entries)
    files.write_atomic(FILE, to_text(content).encode())


def to_text(content: index.Index) -> str:
    """Write the stored form: one line per proto and per release, newest first, so that a diff shows what is new."""
    newest_first = sorted(content.entries.values(), key=lambda entry: entry.version, reverse=True)
    protos = {entry.sha256[:12]: {"descriptor": entry.descriptor, "sha256": entry.sha256} for entry in newest_first}
    versions = {
        str(entry.version): {
            "time": entry.time,
            "commit": entry.commit,
            "h1": entry.h1,
            "proto": entry.sha256[:12],
        }
        for entry in newest_first
    }
    head = {"format": FORMAT, "module": index.MODULE, "default": str(content.default), "floor": str(content.floor)}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    return "{\n  " + ",\n  ".join([*lines, section("protos", protos), section("versions", versions)]) + "\n}\n"


def section(name: str, records: Mapping[str, dict[str, Any]]) -> str:
    """Write a mapping with one line for each of its records."""
    lines = [f"    {json.dumps(key)}: {json.dumps(record)}" for key, record in records.items()]
    return f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n  }"


def say(line: str) -> None:
    """Report progress."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
