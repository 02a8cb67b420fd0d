"""Go's module cache: a release that Go has downloaded on this machine before."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from gfplug.errors import IntegrityError
from gfplug.sdk import goenv, goproxy, modzip
from gfplug.sdk.index import MODULE

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.sdk.goproxy import Module
    from gfplug.sdk.versions import SdkVersion

_log = logging.getLogger("gfplug")


def find(version: SdkVersion) -> Module | None:
    """Return a release from the cache; None where it is not there, or not whole: other sources will do."""
    root = goenv.module_cache()
    if root is None:
        return None
    folder = root / "cache" / "download" / MODULE / "@v"
    try:
        content = (folder / f"{version}.zip").read_bytes()
        promised = (folder / f"{version}.ziphash").read_text(encoding="ascii").strip()
        _require_hash(content, version, promised)
        return goproxy.describe(content, _info(folder / f"{version}.info"), version)
    except (OSError, UnicodeDecodeError):
        return None
    except IntegrityError as error:
        _log.warning("Go's module cache was passed over for SDK %s: %s", version, error)
        return None


def _require_hash(content: bytes, version: SdkVersion, promised: str) -> None:
    if (checksum := modzip.unpack(content, version).h1) != promised:
        raise IntegrityError(f"its zip has the checksum {checksum}, but the .ziphash beside it says {promised}")


def _info(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
