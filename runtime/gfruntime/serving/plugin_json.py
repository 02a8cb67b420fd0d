"""The plugin's plugin.json, searched from the running program."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A plugin's name, version and folder. `folder` has plugin.json, `time` is the build time, in epoch ms."""

    plugin_id: str = ""
    version: str = ""
    executable: str = ""
    folder: Path | None = None
    time: int = 0


def find(start: Path | None = None) -> Manifest:
    """Read the nearest plugin.json, from the executable or the main module upwards; empty if it is missing."""
    place = _program() if start is None else start
    for folder in (place, *place.parents):
        manifest = read(folder)
        if manifest is not None:
            return manifest
    return Manifest()


def read(folder: Path) -> Manifest | None:
    """Read the plugin.json of a folder; None if it does not exist or is invalid."""
    file = folder / "plugin.json"
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        info = data.get("info") or {}
        return Manifest(
            plugin_id=str(data["id"]),
            version=_version(str(info.get("version") or ""), folder),
            executable=str(data.get("executable") or ""),
            folder=folder,
            time=_time(info) or int(file.stat().st_mtime * 1000),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _program() -> Path:
    """Return the folder of the program: of the frozen executable, or of the main module's package."""
    if getattr(sys, "frozen", False):
        return Path(sys.executable).resolve().parent
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(main).resolve().parent if main else Path(__file__).resolve().parent


def _version(text: str, folder: Path) -> str:
    """Return the version from the build; from source, the project's version."""
    if text and "%" not in text:
        return text
    import tomllib  # noqa: PLC0415  # a bundle never needs it

    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        return str(project["project"]["version"])
    except (OSError, ValueError, KeyError):
        return ""


def _time(info: dict[str, object]) -> int:
    """Return the build's time, or the day of the last update."""
    build = info.get("build")
    if isinstance(build, dict) and isinstance(build.get("time"), int):
        return int(build["time"])
    try:
        return int(datetime.fromisoformat(str(info.get("updated"))).replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return 0
