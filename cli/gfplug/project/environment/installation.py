"""Install a project into its environment, with uv if it is installed, else with pip; errors name the failed package."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import uv, uv_settings
from gfplug.project.environment.interpreters import clean_environment, probe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gfplug.project.plugin_project import Project

SECONDS = 1800.0
"""How long an installation may take."""

_UNBUILT = re.compile(r"(?:[Ff]ailed building (?:editable )?wheel for|Failed to build `?)\s*([A-Za-z0-9][\w.-]*)")
_UNPREPARED = re.compile(r"(?:to build wheel|Preparing metadata \(\S+\)|egg_info) did not run successfully")
_BEGUN = re.compile(r" Added ([A-Za-z0-9][\w.-]*)\S* from .* to build tracker")
_QUIETLY = ("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar=off")
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installer:
    """uv or pip: its command, its option to reinstall a package, and the settings that an error names."""

    command: tuple[str, ...]
    again: str
    settings: str
    variables: Mapping[str, str]


def install(project: Project, folder: Path, *, interpreter: Path, is_new: bool) -> None:
    """Install the project, editable, with its `build` extra, into the environment at `folder`.

    In an existing environment the runtime's wheel is reinstalled, because a wheel of the same version may have changed.

    Raises: ToolError if uv or pip fails; ProjectError if it can't install from the project's folder.
    """
    _require_usable_path(project)
    log = folder / "pip.log"
    log.unlink(missing_ok=True)
    installer = _uv(project, folder, interpreter) if uv.program() else _pip(folder, interpreter, log)
    wheels = [] if is_new else sorted((project.root / "vendor").glob("gfruntime-*.whl"))
    again = [["--no-deps", installer.again, str(wheel)] for wheel in wheels]
    try:
        for request in [["--editable", f"{project.root}[build]"], *again]:
            process.run(
                [*installer.command, *request],
                cwd=project.root,
                env={**clean_environment(), **installer.variables},
                what=f"installing the project into {folder}",
                hint=f"see the lines above: a name or version in pyproject.toml, or the network ({installer.settings})",
                timeout=SECONDS,
            )
    except ToolError as error:
        if unbuilt := _name_unbuilt(error.details, log):
            raise ToolError(
                f"{unbuilt} has no wheel for this Python and platform, and it could not be built from source",
                hint="choose a version that has one, another Python (--python), or install what its build needs",
                details=error.details,
            ) from error
        raise


def _uv(project: Project, folder: Path, interpreter: Path) -> _Installer:
    settings = uv_settings.from_pip(environment=folder, folder=project.root)
    if settings.names:
        _log.info("uv installs with these settings of pip: %s", ", ".join(settings.names))
    return _Installer(
        command=(uv.program(), "pip", "install", "--quiet", "--python", str(interpreter), *settings.options),
        again="--reinstall",
        settings="UV_DEFAULT_INDEX, HTTPS_PROXY, for certificates SSL_CERT_FILE or UV_SYSTEM_CERTS=1",
        variables=settings.variables,
    )


def _pip(folder: Path, interpreter: Path, log: Path) -> _Installer:
    """Use the environment's pip; an environment from uv has none until ensurepip installs it."""
    if probe(interpreter, modules=["pip"]).missing:
        process.run(
            [interpreter, "-m", "ensurepip"],
            env=clean_environment(),
            what=f"{folder} has no pip, and ensurepip, which installs it,",
            hint=f"install uv; or remove {folder}: gfplug creates a new one",
            timeout=SECONDS,
        )
    return _Installer(
        command=(str(interpreter), "-m", "pip", "install", *_QUIETLY, "--log", str(log)),
        again="--force-reinstall",
        settings="PIP_INDEX_URL, HTTPS_PROXY, for certificates PIP_CERT",
        variables={},
    )


def _require_usable_path(project: Project) -> None:
    """Refuse a folder whose URL pip can't read back: hatchling writes `#` and `%` into it unescaped.

    Raises: ProjectError naming the folder.
    """
    if any((project.root / "vendor").glob("*.whl")) and set(str(project.root)) & set("#%"):
        raise ProjectError(
            f"{project.root}: pip can't install a wheel below a folder with # or % in its name",
            hint="move or rename the folder",
        )


def _name_unbuilt(output: str, log: Path) -> str:
    """Name the package whose build failed; empty if something else did.

    pip reports which wheel it could not build, but not whose requirements or metadata it could not get: that is the
    last package in its log.
    """
    if match := _UNBUILT.search(output):
        return match[1]
    if not _UNPREPARED.search(output) or not log.is_file():
        return ""
    return next(reversed(_BEGUN.findall(log.read_text(encoding="utf-8", errors="replace"))), "")
