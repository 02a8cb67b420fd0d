"""Cached protos: one JSON file per version in the user's cache, verified when it is read.

A damaged file counts as missing, and a cache that can't be written is not an error. Each file is replaced atomically,
so several processes may use the cache at once.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.errors import IntegrityError
from gfplug.sdk.protoset import ProtoSet, verify_proto

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.sdk.versions import SdkVersion

_log = logging.getLogger("gfplug")
_FORMAT = 1


def folder() -> Path:
    """Return the folder of the files."""
    import platformdirs  # noqa: PLC0415 - only a version that is not embedded pays for it

    return platformdirs.user_cache_path("gfplug") / "sdk"


def find(version: SdkVersion) -> ProtoSet | None:
    """Return a cached proto, or None."""
    try:
        record = json.loads((folder() / f"{version}.json").read_text(encoding="utf-8"))
        if record["format"] != _FORMAT or record["version"] != str(version):
            return None
        text = record["proto"].encode()
        if files.sha256(text) != record["sha256"]:
            _log.warning("the cached proto of SDK %s is damaged, and was ignored", version)
            return None
        return verify_proto(text, version, source="cache", commit=record["commit"])
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError):
        return None  # missing, or not written by this gfplug
    except IntegrityError as error:
        _log.warning("the cached proto of SDK %s was ignored: %s", version, error)
        return None


def store(protos: ProtoSet) -> None:
    """Store a proto in the cache, if possible."""
    record = {
        "format": _FORMAT,
        "version": str(protos.version),
        "commit": protos.commit,
        "sha256": protos.sha256,
        "proto": protos.text.decode(),
    }
    try:
        files.write_atomic(folder() / f"{protos.version}.json", (json.dumps(record) + "\n").encode())
    except (OSError, RuntimeError) as error:
        _log.debug("the cache could not be written: %s", error)
