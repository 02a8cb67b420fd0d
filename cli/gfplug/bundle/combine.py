"""Several platforms' archives of one plugin as one archive: what they share must be the same, byte by byte."""

from __future__ import annotations

import json
import stat
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gfplug.bundle import packing
from gfplug.bundle.rules.bundle_rules import SIGNATURE
from gfplug.errors import IntegrityError, ProjectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedArchive:
    """The archive that was made, its digest, and the platforms it serves."""

    archive: Path
    sha256: str
    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    manifest: dict[str, Any]
    entries: dict[str, packing.ArchiveEntry]
    seconds: int


def combine(archives: Sequence[Path], output: Path | None = None) -> MergedArchive:
    """Merge archives into `output`: without one, `<id>-<version>.zip` beside the first.

    Raises: UsageError for fewer than two; IntegrityError for what is no archive of a plugin; ProjectError if they are
    of different plugins or versions, or a file of the same name differs.
    """
    if len(archives) < 2:  # noqa: PLR2004 - one is merged already
        raise UsageError("give two archives or more", hint="gfplug merge ONE.zip OTHER.zip")
    parts = [_read(path) for path in archives]
    first = parts[0]
    entries: dict[str, packing.ArchiveEntry] = {}
    for part in parts:
        _require_same_plugin(first, part)
        _require_no_conflict(entries, part, first)
        entries.update(part.entries)
    name, version = first.manifest["id"], first.manifest["info"]["version"]
    place = output or first.path.with_name(f"{name}-{version}.zip")
    seconds = min(part.seconds for part in parts)
    digest = packing.publish(place, [entries[each] for each in sorted(entries)], seconds=seconds)
    start = f"{name}/{first.manifest['executable']}_"
    platforms = [each.removeprefix(start).removesuffix(".exe") for each in entries if each.startswith(start)]
    return MergedArchive(
        archive=place, sha256=digest, platforms=tuple(sorted(each for each in platforms if not each.endswith(".bin")))
    )


def _read(path: Path) -> _Part:
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            contents = {info.filename: archive.read(info) for info in infos}
    except (OSError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"{path} is not a whole zip file: {error}", hint="build it again") from error
    root = infos[0].filename.split("/")[0] if infos else ""
    try:
        manifest = json.loads(contents[f"{root}/plugin.json"])
        manifest["id"], manifest["info"]["version"], manifest["executable"]
    except (KeyError, TypeError, ValueError) as error:
        has_manifest = f"{root}/plugin.json" in contents
        why = f"its plugin.json cannot be used: {error}" if has_manifest else "it has no plugin.json"
        raise IntegrityError(f"{path} is not the archive of a backend plugin: {why}") from error
    with packing.EarlierArchive(path) as earlier:
        entries = {
            info.filename: packing.entry(
                info.filename, contents[info.filename], (info.external_attr >> 16) or stat.S_IFREG | 0o644, earlier
            )
            for info in infos
        }
    moments = [datetime(*info.date_time, tzinfo=UTC) for info in infos]
    return _Part(path, manifest, entries, int(min(moments).timestamp()))


def _require_same_plugin(first: _Part, part: _Part) -> None:
    for what, one, other in (
        ("plugin", first.manifest["id"], part.manifest["id"]),
        ("version", first.manifest["info"]["version"], part.manifest["info"]["version"]),
    ):
        if one != other:
            raise ProjectError(f"{first.path.name} has the {what} {one}, {part.path.name} has {other}")


def _require_no_conflict(entries: dict[str, packing.ArchiveEntry], part: _Part, first: _Part) -> None:
    """Refuse files of one name that differ, and signatures, which would not cover the rest."""
    if any(name.endswith(f"/{SIGNATURE}") for name in part.entries):
        raise ProjectError(f"{part.path.name} is signed", hint="merge first, then sign what was merged")
    differing = sorted(
        name
        for name, entry in part.entries.items()
        if name in entries
        and (entry.crc, entry.size, entry.mode) != (entries[name].crc, entries[name].size, entries[name].mode)
    )
    if differing:
        names = ", ".join(name.partition("/")[2] for name in differing[:_LISTED])
        more = f" and {len(differing) - _LISTED} more" if len(differing) > _LISTED else ""
        raise ProjectError(
            f"{part.path.name} and {first.path.name} differ in {names}{more}",
            hint="build all platforms from one commit; SOURCE_DATE_EPOCH gives them one date",
        )
