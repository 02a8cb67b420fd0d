"""A plugin project on disk: the paths of its parts, its plugin.json, and whether its owned folders are unchanged."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.edits import journal
from gfplug.errors import IntegrityError, ProjectError
from gfplug.project import lock
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OWNED_FOLDERS = ("src/pluginv2", "src/upstream", "vendor")
"""Folders that gfplug replaces completely; all other files are the user's."""

_MARKS = {"src/upstream": "description.json"}
"""A file that identifies a folder as gfplug's: before gfplug 0.2, users could have folders of these names."""

FORMER_FOLDERS = ("src/gfruntime", "frontend/stub")
"""The folders that gfplug owned in projects of gfplug 0.1: the runtime, and the editors; they are no longer copied."""


_MAX_OWNED_FILE_BYTES = 64 << 20  # larger files get an empty digest
_FILE_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,199}")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{1,200}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The parts of a plugin.json that gfplug needs."""

    id: str
    name: str
    executable: str
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a plugin.json.

        Raises: ProjectError if it is missing, or as in `of`.
        """
        content = documents.read_json(path, missing="run this in a project made by `gfplug new`")
        return cls.of(content, source=str(path))

    @classmethod
    def of(cls, content: object, *, source: str) -> Manifest:
        """Return the manifest of a plugin.json; `source` is its name in errors.

        Raises: ProjectError if it is not a JSON object, or lacks a key that a backend plugin needs, or its id or
        executable is not a valid file name.
        """
        if not isinstance(content, dict):
            raise ProjectError(f"{source} is not a JSON object")
        for key, form, what in (
            ("id", _FILE_NAME, "a plugin id"),
            ("name", _NAME, "a name in visible characters"),
            ("executable", _FILE_NAME, "a plain file name"),
        ):
            value = content.get(key)
            if not isinstance(value, str) or not value:
                raise ProjectError(
                    f"{source}: {key!r} is missing or not text", hint="a backend plugin needs id, name and executable"
                )
            if not form.fullmatch(value):
                raise ProjectError(f"{source}: {key} {value[:80]!r} is not {what}")
        return cls(id=content["id"], name=content["name"], executable=content["executable"], content=content)

    @property
    def version(self) -> str:
        """The version in its `info`.

        Raises: ProjectError if it is missing, or not allowed in a file name.
        """
        info = self.content.get("info")
        value = info.get("version") if isinstance(info, dict) else None
        if not isinstance(value, str) or not _VERSION.fullmatch(value):
            raise ProjectError(
                f"plugin.json: info.version is {str(value)[:80]!r}, not three numbers", hint="such as 1.2.0"
            )
        return value


@dataclass(frozen=True, slots=True)
class Project:
    """A plugin project, created by `gfplug new`."""

    root: Path

    @classmethod
    def find(cls, start: Path) -> Project:
        """Return the project of a folder.

        Raises: as in `find_unfinished`; ProjectError if an upgrade of the project was interrupted, or if the project
        needs a newer gfplug.
        """
        project = cls.find_unfinished(start)
        journal.require_finished(project.root)
        lock.require_not_newer(project.lock_path)
        return project

    @classmethod
    def find_unfinished(cls, start: Path) -> Project:
        """Return the project of a folder, for a command that finishes an interrupted upgrade.

        Raises: ProjectError if the folder does not exist, or neither it nor a parent has a `gfplug.lock`; or if that
        parent belongs to another user, who could have put the file above the folders of all users.
        """
        folder = start.resolve()
        if not folder.exists():  # otherwise a mistyped name inside a project would select that project
            raise ProjectError(f"{folder} does not exist", hint="name a project, or a folder in one")
        for candidate in (folder, *folder.parents):
            if (candidate / lock.LOCK_NAME).is_file():
                if candidate != folder and not _is_own(candidate):
                    raise ProjectError(
                        f"{folder} is in {candidate}, a project of another user", hint="name that project to use it"
                    )
                return cls(candidate)
        raise ProjectError(
            f"{folder} is not in a gfplug project: no {lock.LOCK_NAME} here or above",
            hint="create one with `gfplug new NAME`",
        )

    @property
    def manifest(self) -> Manifest:
        """The project's plugin.json."""
        return Manifest.read(self.root / "plugin.json")

    @property
    def lock_path(self) -> Path:
        """The path of the lock."""
        return self.root / lock.LOCK_NAME

    @property
    def lock(self) -> lock.Lock:
        """The project's lock."""
        return lock.read(self.lock_path)

    @property
    def source(self) -> Path:
        """The source folder for Python's path, with `plugin` and `pluginv2`."""
        return self.root / "src"

    @property
    def proto(self) -> Path:
        """The SDK proto from which the stubs were generated."""
        return self.root / "src" / "pluginv2" / "backend.proto"

    def read_proto(self) -> bytes:
        """Return the SDK proto.

        Raises: ProjectError if it can't be read.
        """
        try:
            return documents.read_bytes(self.proto)
        except FileNotFoundError as error:
            raise ProjectError(f"{self.proto} does not exist", hint="restore it from version control") from error

    @property
    def dist(self) -> Path:
        """The bundle: the folder that Grafana mounts."""
        return self.root / "dist"

    @property
    def pyproject(self) -> dict[str, Any]:
        """The table `project` of pyproject.toml.

        Raises: ProjectError if the file is missing or broken, or has no such table.
        """
        path = self.root / "pyproject.toml"
        try:
            table = documents.read_toml(path).get("project")
        except FileNotFoundError as error:
            raise ProjectError(f"{path} does not exist") from error
        if not isinstance(table, dict):
            raise ProjectError(f"{path} has no table [project]", hint="restore it from version control")
        return table

    @property
    def version(self) -> str:
        """The plugin's version, from pyproject.toml.

        Raises: ProjectError if it can't be read, or has no version.
        """
        if "version" not in self.pyproject:
            path = self.root / "pyproject.toml"
            raise ProjectError(f"{path} has no version below [project]", hint='such as version = "0.1.0"')
        return str(self.pyproject["version"])

    def owned_digests(self, folders: Sequence[str] = OWNED_FOLDERS) -> dict[str, str]:
        """Map each file in an owned folder to its current SHA-256; a file that is too large has an empty one."""
        return {
            path.relative_to(self.root).as_posix(): files.sha256_of(path)
            if path.stat().st_size < _MAX_OWNED_FILE_BYTES
            else ""
            for folder in folders
            if folder not in _MARKS or (self.root / folder / _MARKS[folder]).is_file()
            for path in files.walk(self.root / folder)
        }

    def owned_folders(self) -> tuple[str, ...]:
        """Return the folders that gfplug owns, including those that it owned at the project's last upgrade."""
        former = [name for name in FORMER_FOLDERS if any(path.startswith(f"{name}/") for path in self.lock.owned)]
        return (*OWNED_FOLDERS, *former)

    def changed_owned(self) -> dict[str, str]:
        """Map each owned file that differs from the lock to its change: `edited`, `added` or `deleted`."""
        lock_digests, digests = dict(self.lock.owned), self.owned_digests(self.owned_folders())
        return {
            path: "added" if path not in lock_digests else "deleted" if path not in digests else "edited"
            for path in sorted(lock_digests.keys() | digests.keys())
            if lock_digests.get(path) != digests.get(path)
        }

    def require_library(self) -> None:
        """Refuse a project that contains the runtime's source, or whose wheels differ from the lock.

        Raises: ProjectError naming the folder; IntegrityError naming the wheels.
        """
        if files.walk(self.root / "src" / "gfruntime"):
            raise ProjectError(
                f"{self.root / 'src' / 'gfruntime'}: now the runtime is a library, not a folder of the project",
                hint="run gfplug upgrade: the project then depends on the library, and your edits are kept",
            )
        if edited_files := [
            f"{path} ({what})" for path, what in self.changed_owned().items() if path.startswith("vendor/")
        ]:
            raise IntegrityError(
                f"{', '.join(edited_files)}: different from {lock.LOCK_NAME}",
                hint="restore it from version control, or run gfplug upgrade --force",
            )

    def require_unedited(self) -> None:
        """Refuse a project with edited owned folders.

        Raises: ProjectError naming the files; as in `require_library`.
        """
        self.require_library()
        if edited_files := self.changed_owned():
            names = ", ".join(f"{path} ({what})" for path, what in list(edited_files.items())[:5])
            more = f" and {len(edited_files) - 5} more" if len(edited_files) > 5 else ""  # noqa: PLR2004 - as many as are listed
            raise ProjectError(
                f"owned files differ from {lock.LOCK_NAME}: {names}{more}",
                hint="restore them from version control; your code belongs in src/plugin",
            )


def _is_own(folder: Path) -> bool:
    return sys.platform == "win32" or (folder / lock.LOCK_NAME).lstat().st_uid == folder.lstat().st_uid == os.geteuid()
