"""`gfplug.lock`: the sources of a generated project, and the digest of every file in it that gfplug owns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from gfplug import __version__, files
from gfplug.errors import ProjectError
from gfplug.project import provenance
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LOCK_NAME = "gfplug.lock"
_FORMAT = 2  # in format 1, the runtime and the editors were owned files
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST_VERSION = 64
_RESTORE = "restore it from version control"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The lock of one project.

    Shape: `floors` maps a package to the oldest version its generated stubs accept; `tools` maps a generator to its
    version; `owned` maps a file's POSIX path to its SHA-256; `source` is a kind (`embedded`, `cache`, `gomodcache`,
    `goproxy`, `github`, `file`), never a URL; `gfplug` is the argument of `pip install` for the gfplug that rendered
    the template, empty in locks of gfplug 0.1.
    """

    sdk_version: str
    sdk_commit: str | None
    source: str
    proto_sha256: str
    descriptor: str
    template_version: str
    gfplug: str
    tools: Mapping[str, str]
    floors: Mapping[str, str]
    owned: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the lock in its stored form."""
        return {
            "format": _FORMAT,
            "floors": dict(self.floors),
            "owned": dict(self.owned),
            "proto": {"descriptor": self.descriptor, "sha256": self.proto_sha256},
            "sdk": {"commit": self.sdk_commit, "source": self.source, "version": self.sdk_version},
            "template": {"gfplug": self.gfplug, "version": self.template_version},
            "tools": dict(self.tools),
        }

    @classmethod
    def from_json(cls, value: Any) -> Lock:  # noqa: ANN401 - JSON
        """Read a stored lock.

        Raises: ProjectError naming the key that is missing or has the wrong type, or for a format of a newer gfplug.
        """
        version = _at(value, "template.version", str)
        if _at(value, "format", int) > _FORMAT or _is_newer(version):
            raise _too_new(value["template"])
        commit = _at(value, "sdk", dict).get("commit")
        return cls(
            sdk_version=_at(value, "sdk.version", str),
            sdk_commit=commit if isinstance(commit, str) else None,
            source=_at(value, "sdk.source", str),
            proto_sha256=_at(value, "proto.sha256", str),
            descriptor=_at(value, "proto.descriptor", str),
            template_version=version,
            gfplug=str(value["template"].get("gfplug", "")),
            tools=_texts(value, "tools"),
            floors=_floors(value),
            owned=_texts(value, "owned"),
        )


def read(path: Path) -> Lock:
    """Read a lock file.

    Raises: ProjectError if it is missing, not JSON, or lacks a key.
    """
    missing = "run this in a project made by `gfplug new`"
    return Lock.from_json(documents.read_json(path, missing=missing, broken=_RESTORE))


def require_not_newer(path: Path) -> None:
    """Refuse a project of a newer gfplug; an unreadable lock is reported by the code that needs it.

    Raises: ProjectError naming the version that the project needs.
    """
    try:
        value: Any = documents.read_json(path)
        version, kind = value["template"]["version"], value["format"]
    except (ProjectError, LookupError, TypeError):
        return
    if isinstance(version, str) and isinstance(kind, int) and (kind > _FORMAT or _is_newer(version)):
        raise _too_new(value["template"])


def _too_new(template: Mapping[str, Any]) -> ProjectError:
    version, argument = template["version"], str(template.get("gfplug") or "")
    is_ours = provenance.is_plain(argument)
    where = f"in the project's folder, pip install {argument}" if is_ours else "the project's README says how"
    return ProjectError(
        f"this project needs gfplug {version} or newer, this is gfplug {__version__}",
        hint=f"install gfplug {version} or newer: {where}",
    )


def write(path: Path, lock: Lock) -> None:
    """Write a lock file: sorted keys, two spaces, a final newline, no timestamps."""
    files.write_atomic(path, encode(lock))


def encode(lock: Lock) -> bytes:
    """Return the bytes of a lock file."""
    return (json.dumps(lock.to_json(), indent=2, sort_keys=True) + "\n").encode()


def _at(value: Any, dotted: str, kind: type[_T]) -> _T:  # noqa: ANN401 - JSON
    for key in dotted.split("."):
        if not isinstance(value, dict) or key not in value:
            raise ProjectError(f"{LOCK_NAME} lacks the key {dotted!r}", hint=_RESTORE)
        value = value[key]
    if not isinstance(value, kind):
        raise ProjectError(f"{LOCK_NAME}: {dotted!r} is not a {kind.__name__}", hint=_RESTORE)
    return value


def _is_newer(version: str) -> bool:
    """Return whether a version of gfplug is newer than this one.

    Raises: ProjectError if the text is not a version.
    """
    if version == __version__:
        return False
    if len(version) > _LONGEST_VERSION:
        raise ProjectError(f"{LOCK_NAME}: template.version is not a version", hint=_RESTORE)
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - heavy

    try:
        return Version(version) > Version(__version__)
    except InvalidVersion as error:
        raise ProjectError(f"{LOCK_NAME}: {version!r} is not a version", hint=_RESTORE) from error


def _floors(value: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    floors = _texts(value, "floors")
    for name, version in floors.items():
        if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
            problem = f"floors: {name!r}: {version!r} is not a package and its version"
            raise ProjectError(f"{LOCK_NAME}: {problem}", hint=_RESTORE)
    return floors


def _texts(value: Any, dotted: str) -> dict[str, str]:  # noqa: ANN401 - JSON
    pairs = _at(value, dotted, dict)
    if not all(isinstance(text, str) for pair in pairs.items() for text in pair):
        raise ProjectError(f"{LOCK_NAME}: {dotted!r} does not map text to text", hint=_RESTORE)
    return pairs
