"""The archive: a bundle as one zip file that is the same bytes wherever and whenever it is made."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EPOCH = 315532800
"""1980-01-01, where the zip format's time begins."""

_LEVEL = 6  # 9 takes three times as long, and saves half a hundredth
_PIECE = 1 << 20


def epoch(variables: Mapping[str, str] | None = None) -> int:
    """Return the time, in seconds, that files without one of their own get: SOURCE_DATE_EPOCH, else 1980.

    Raises: UsageError if SOURCE_DATE_EPOCH is no number of seconds.
    """
    given = (os.environ if variables is None else variables).get("SOURCE_DATE_EPOCH", "")
    if not given:
        return EPOCH
    if not (given.isascii() and given.isdigit() and len(given) <= len("9999999999")):
        raise UsageError(f"SOURCE_DATE_EPOCH is {given!r}, not a number of seconds since 1970")
    return max(EPOCH, int(given))


def pack(bundle: Path, archive: Path, *, seconds: int | None = None) -> str:
    """Write a bundle's archive, and its digest beside it as `sha256sum` does; return the digest.

    Shape: one folder named by the plugin id; sorted; 0755 for what may be executed, else 0644; links stay links.
    """
    root = json.loads((bundle / "plugin.json").read_text(encoding="utf-8"))["id"]
    moment = datetime.fromtimestamp(epoch() if seconds is None else seconds, UTC)
    paths = {f"{root}/{path.relative_to(bundle).as_posix()}": path for path in bundle.rglob("*") if _is_entry(path)}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as target:
        for name, path in sorted(paths.items()):
            _add(target, name, path, moment)
    digest = files.sha256_of(archive)
    digest_path(archive).write_bytes(f"{digest}  {archive.name}\n".encode())
    return digest


def digest_path(archive: Path) -> Path:
    """Return where an archive's digest is."""
    return archive.with_name(f"{archive.name}.sha256")


def _is_entry(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _add(target: zipfile.ZipFile, name: str, path: Path, moment: datetime) -> None:
    entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
    entry.create_system = 3  # Unix: the modes below count, whatever made the archive
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry._compresslevel = _LEVEL  # type: ignore[attr-defined]  # noqa: SLF001 - open() of an entry has no argument for it
    if path.is_symlink():
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(entry, path.readlink().as_posix())
        return
    mode = path.stat().st_mode
    entry.external_attr = (stat.S_IFREG | (0o755 if mode & stat.S_IXUSR else 0o644)) << 16
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, target.open(entry, "w") as sink:
        while piece := source.read(_PIECE):
            sink.write(piece)
