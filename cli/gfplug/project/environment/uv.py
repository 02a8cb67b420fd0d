"""uv, if it is installed: the Pythons that it manages, and those that it can download."""

from __future__ import annotations

import os
import re
import shutil
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from gfplug import process
from gfplug.errors import ToolError
from gfplug.project.environment import uv_settings
from gfplug.project.environment.interpreters import clean_environment
from gfplug.untrusted import documents

OWN_PROGRAMS = sysconfig.get_path("scripts")
"""The folder of programs in gfplug's own environment."""

_LIST_SECONDS, _DOWNLOAD_SECONDS = 60.0, 1800.0
_PLAIN = ("cpython", "default")
_RELEASE = re.compile(r"(\d+)\.(\d+)\.\d+")
_TRUE = {"1", "true", "yes", "on", "y", "t"}


def program() -> str:
    """Return the path of uv: on the PATH, or installed beside gfplug; empty if it is not installed."""
    return shutil.which("uv") or shutil.which("uv", path=OWN_PROGRAMS) or ""


def list_installed() -> list[Path]:
    """List the CPythons that uv manages on this machine, without any download.

    Raises: ToolError if uv fails.
    """
    builds = _list("--only-installed") if program() and not _is_set("UV_NO_MANAGED_PYTHON") else []
    return [Path(build["path"]).absolute() for build in builds]


def list_downloadable() -> set[tuple[int, int]]:
    """Return the minor versions of CPython that uv can download; empty without uv, or if its settings forbid downloads.

    Raises: ToolError if uv fails.
    """
    automatic = os.environ.get("UV_PYTHON_DOWNLOADS", "") in {"", "automatic", "auto", "true"}
    if not program() or not automatic or _is_set("UV_OFFLINE") or _is_set("UV_NO_MANAGED_PYTHON"):
        return set()
    releases = [match for build in _list("--only-downloads") if (match := _RELEASE.fullmatch(build["version"]))]
    return {(int(release[1]), int(release[2])) for release in releases}


def download(version: tuple[int, int]) -> Path:
    """Return a Python of a minor version that uv manages, downloaded if necessary.

    uv's settings decide whether it may download: creating an environment downloads a Python automatically.
    Raises: ToolError with uv's message if it can't download, or may not.
    """
    minor = "{}.{}".format(*version)
    options = ["--no-project", "--managed-python"]
    with tempfile.TemporaryDirectory(prefix="gfplug-uv-") as folder:
        _run("venv", "--quiet", *options, "--python", minor, f"{folder}/environment", seconds=_DOWNLOAD_SECONDS)
        return Path(_run("python", "find", *options, minor, cwd=Path(folder), seconds=_LIST_SECONDS).strip())


def _list(which: str) -> list[dict[str, Any]]:
    """List builds of plain CPython: not PyPy, not free-threaded."""
    reply = _run("python", "list", which, "--managed-python", "--output-format", "json", seconds=_LIST_SECONDS)
    try:
        return [each for each in documents.parse_json(reply) if (each["implementation"], each["variant"]) == _PLAIN]
    except (ValueError, KeyError, TypeError) as error:
        raise ToolError("gfplug cannot read uv's list of Pythons", details=reply[-2000:]) from error


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in _TRUE


def _run(*words: str, seconds: float, cwd: Path | None = None) -> str:
    environment = {**clean_environment(), **uv_settings.from_pip(folder=cwd).variables}
    return process.run([program(), *words], cwd=cwd, env=environment, what="uv", timeout=seconds)
