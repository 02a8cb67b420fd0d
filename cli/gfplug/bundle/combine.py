"""Combine several platforms' archives of one plugin into one; the files that they share must be identical."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gfplug.bundle import packing
from gfplug.bundle.rules.bundle_rules import SIGNATURE
from gfplug.errors import IntegrityError, ProjectError, UsageError
from gfplug.project.plugin_project import Manifest
from gfplug.untrusted import archives, documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MOST_NAMES = 5
_LINE_ENDS = "line ends"
_LINE_ENDS_HINT = "put `* text=auto eol=lf` in .gitattributes, so that git writes LF as gfplug does, and build again"
_COMMIT = "commit"
_COMMIT_HINT = "build all platforms from one commit, with git; or all without git, and with the same SOURCE_DATE_EPOCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedArchive:
    """The combined archive, its digest, and its platforms."""

    archive: Path
    sha256: str
    platforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    path: Path
    manifest: Manifest
    entries: dict[str, packing.ArchiveEntry]
    seconds: int


def combine(paths: Sequence[Path], output: Path | None = None) -> MergedArchive:
    """Combine archives into `output`; default: `<id>-<version>.zip` beside the first one.

    Raises: UsageError for fewer than two archives, or if the output is a folder; IntegrityError if a file is not a
    plugin archive; ProjectError if they are of different plugins or versions, or files of the same name differ.
    """
    if len(paths) < 2:  # noqa: PLR2004 - one is merged already
        raise UsageError("gfplug merge expects at least two archives", hint="gfplug merge ONE.zip OTHER.zip")
    if output is not None and (output.is_dir() or not output.name):
        raise UsageError(f"--output {output} is a folder", hint="name the archive to write")
    parts = [_read(path) for path in paths]
    first = parts[0]
    entries: dict[str, packing.ArchiveEntry] = {}
    for part in parts:
        _require_same_plugin(first, part)
        _require_no_conflict(entries, part, first)
        entries.update(part.entries)
    name = first.manifest.id
    place = output or first.path.with_name(f"{name}-{first.manifest.version}.zip")
    seconds = min(part.seconds for part in parts)
    digest = packing.publish(place, [entries[each] for each in sorted(entries)], seconds=seconds)
    start = f"{name}/{first.manifest.executable}_"
    platforms = [each.removeprefix(start).removesuffix(".exe") for each in entries if each.startswith(start)]
    return MergedArchive(
        archive=place, sha256=digest, platforms=tuple(sorted(each for each in platforms if not each.endswith(".bin")))
    )


def _read(path: Path) -> _Part:
    with archives.open_archive(path) as archive:
        contents = {name: archive.read(name) for name in archive.members}
        members = list(archive.members.values())
    root = members[0].name.split("/")[0] if members else ""
    if f"{root}/plugin.json" not in contents:
        raise IntegrityError(f"{path} is not the archive of a plugin: it has no plugin.json")
    try:
        manifest = Manifest.of(documents.parse_json(contents[f"{root}/plugin.json"]), source="its plugin.json")
        manifest.version  # noqa: B018 - it raises
    except (ValueError, ProjectError) as error:
        raise IntegrityError(f"{path} is not the archive of a plugin: {error}") from error
    with packing.EarlierArchive(path) as earlier:
        entries = {
            member.name: packing.entry(member.name, contents[member.name], member.mode, earlier) for member in members
        }
    return _Part(path, manifest, entries, min(member.seconds for member in members))


def _require_same_plugin(first: _Part, part: _Part) -> None:
    for what, one, other in (
        ("plugin", first.manifest.id, part.manifest.id),
        ("version", first.manifest.version, part.manifest.version),
    ):
        if one != other:
            raise ProjectError(f"{first.path.name} has the {what} {one}, {part.path.name} has {other}")


def _require_no_conflict(entries: dict[str, packing.ArchiveEntry], part: _Part, first: _Part) -> None:
    """Refuse different files of one name, and signatures, which would not cover the other files."""
    if any(name.endswith(f"/{SIGNATURE}") for name in part.entries):
        raise ProjectError(f"{part.path.name} is signed", hint="merge first, then sign the merged archive")
    reasons = {
        name: reason
        for name, entry in sorted(part.entries.items())
        if name in entries and (reason := _difference(entries[name], entry))
    }
    if reasons:
        differences = [f"{name.partition('/')[2]} ({reason})" for name, reason in list(reasons.items())[:_MOST_NAMES]]
        more = f" and {len(reasons) - _MOST_NAMES} more" if len(reasons) > _MOST_NAMES else ""
        raise ProjectError(
            f"{part.path.name} and {first.path.name} differ in {', '.join(differences)}{more}",
            hint=_LINE_ENDS_HINT if set(reasons.values()) == {_LINE_ENDS} else _COMMIT_HINT,
        )


def _difference(one: packing.ArchiveEntry, other: packing.ArchiveEntry) -> str:
    """Describe the difference between two files of one name; empty if the files are equal."""
    if (one.crc, one.size) == (other.crc, other.size):
        return "" if one.mode == other.mode else "mode"
    texts = [packing.unpack(each).replace(b"\r\n", b"\n") for each in (one, other)]
    if texts[0] == texts[1]:
        return _LINE_ENDS
    if PurePosixPath(one.name).name == "plugin.json":
        with suppress(ValueError, AttributeError, TypeError):
            return _difference_of_manifests(*map(documents.parse_json, texts))
    return "content"


def _difference_of_manifests(*manifests: dict[str, Any]) -> str:
    """Describe the difference between two plugin.json files: the date, the commit, or another key.

    Raises: AttributeError or TypeError if a file, its `info` or its `build` is not a JSON object.
    """
    dates, commits = [], []
    for manifest in manifests:
        info = manifest.setdefault("info", {})
        build = info.pop("build", None) or {}
        dates.append((info.pop("updated", None), build.pop("time", None)))
        commits.append(build)
    if manifests[0] != manifests[1]:
        return "content"
    if commits[0] != commits[1]:
        return _COMMIT
    return "date" if dates[0] != dates[1] else "content"
