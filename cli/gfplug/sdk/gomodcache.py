"""Go's module cache: a release that Go has already downloaded on this machine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gfplug.errors import IntegrityError, ProjectError
from gfplug.sdk import goenv, goproxy, modzip
from gfplug.sdk.index import MODULE
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.sdk.goproxy import Module
    from gfplug.sdk.versions import SdkVersion

_log = logging.getLogger("gfplug")


def find(version: SdkVersion) -> Module | None:
    """Return a release from the cache; None if it is missing or incomplete, because other sources may have it."""
    root = goenv.module_cache()
    if root is None:
        return None
    folder = root / "cache" / "download" / MODULE / "@v"
    try:
        content = documents.read_bytes(folder / f"{version}.zip", most=modzip.LIMIT)
        promised = documents.read_text(folder / f"{version}.ziphash").strip()
        _require_hash(content, version, promised)
        return goproxy.describe(content, _info(folder / f"{version}.info"), version)
    except (OSError, ProjectError):
        return None
    except IntegrityError as error:
        _log.warning("Go's module cache was ignored for SDK %s: %s", version, error)
        return None


def _require_hash(content: bytes, version: SdkVersion, promised: str) -> None:
    if (checksum := modzip.unpack(content, version).h1) != promised:
        raise IntegrityError(f"its zip has the checksum {checksum}, but the .ziphash beside it says {promised}")


def _info(path: Path) -> object:
    try:
        return documents.read_json(path)
    except ProjectError:
        return {}
