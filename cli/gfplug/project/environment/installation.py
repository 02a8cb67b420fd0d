"""Install a project into its environment, with uv if it is installed, else with pip; errors name the failed package."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import package_lock, uv, uv_settings
from gfplug.project.environment.interpreters import clean_environment, probe

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gfplug.project.plugin_project import Project

INSTALL_TIMEOUT_SECONDS = 1800.0
"""The time limit of an installation."""

_UNBUILT = re.compile(r"(?:[Ff]ailed building (?:editable )?wheel for|Failed to build `?)\s*([A-Za-z0-9][\w.-]*)")
_UNPREPARED = re.compile(r"(?:to build wheel|Preparing metadata \(\S+\)|egg_info) did not run successfully")
_COLLECTING_LINE = re.compile(r" Added ([A-Za-z0-9][\w.-]*)\S* from .* to build tracker")
_QUIET_OPTIONS = ("--quiet", "--no-input", "--disable-pip-version-check", "--progress-bar=off")
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Installer:
    """uv or pip: its command, its options to reinstall a package, and those to pin the build backend by the lock.

    `settings` are the settings that an error names.
    """

    command: tuple[str, ...]
    again: str
    backend: tuple[str, ...] = ()
    settings: str
    variables: Mapping[str, str]


def install(project: Project, folder: Path, *, interpreter: Path, is_new: bool) -> None:
    """Install the project (editable) and the packages of its build into the environment at `folder`, by its lock.

    If the package lock is not current, the requirements of pyproject.toml are installed. In an existing environment the
    runtime's wheel is reinstalled, because a wheel of the same version may have changed.

    Raises: ToolError if uv or pip fails; ProjectError if pip can't install from the project's folder.
    """
    _require_usable_path(project)
    log = folder / "pip.log"
    log.unlink(missing_ok=True)
    installer = _uv(project, folder, interpreter) if uv.program() else _pip(folder, interpreter, log)
    try:
        for request in _requests(project, folder, installer, is_new=is_new):
            process.run(
                [*installer.command, *request],
                cwd=project.root,
                env={**clean_environment(), **installer.variables},
                what=f"installing the project into {folder}",
                hint=f"see the lines above: a name or version in pyproject.toml, or the network ({installer.settings})",
                timeout=INSTALL_TIMEOUT_SECONDS,
            )
    except ToolError as error:
        if unbuilt := _name_unbuilt(error.details, log):
            raise ToolError(
                f"{unbuilt} has no wheel for this Python and platform, and it could not be built from source",
                hint="choose a version that has one, another Python (--python), or install what its build needs",
                details=error.details,
            ) from error
        raise


def install_tools(project: Project, folder: Path, *, interpreter: Path) -> None:
    """Install the packages that check and test a project, by its package lock, into its environment at `folder`.

    Raises: ToolError if uv or pip fails.
    """
    log = folder / "pip.log"
    installer = _uv(project, folder, interpreter) if uv.program() else _pip(folder, interpreter, log)
    process.run(
        [*installer.command, "--require-hashes", "--requirement", package_lock.NAME],
        cwd=project.root,
        env={**clean_environment(), **installer.variables},
        what=f"installing the tools of {package_lock.NAME} into {folder}",
        hint=f"see the lines above, or the network ({installer.settings})",
        timeout=INSTALL_TIMEOUT_SECONDS,
    )


def _requests(project: Project, folder: Path, installer: _Installer, *, is_new: bool) -> list[list[str]]:
    """Return the command words of each installation, in order."""
    wheels = [str(wheel) for wheel in sorted((project.root / "vendor").glob("gfruntime-*.whl"))]
    again = [] if is_new else [["--no-deps", installer.again, wheel] for wheel in wheels]
    packages = package_lock.packages(project)
    if packages is None:
        return [["--editable", f"{project.root}[{package_lock.BUILD}]"], *again]
    pins = folder / "packages.txt"
    pins.write_text(packages.pinned, encoding="utf-8")
    own = ["--no-deps", *installer.backend, "--editable", str(project.root), *packages.addresses]
    return [["--require-hashes", "--requirement", str(pins)], [*own, *(wheels if is_new else [])], *again]


def _uv(project: Project, folder: Path, interpreter: Path) -> _Installer:
    settings = uv_settings.from_pip(environment=folder, folder=project.root)
    if settings.names:
        _log.info("uv installs with these settings of pip: %s", ", ".join(settings.names))
    return _Installer(
        command=(uv.program(), "pip", "install", "--quiet", "--python", str(interpreter), *settings.options),
        again="--reinstall",
        backend=("--build-constraint", package_lock.NAME),
        settings="UV_DEFAULT_INDEX, HTTPS_PROXY, for certificates SSL_CERT_FILE or UV_SYSTEM_CERTS=1",
        variables=settings.variables,
    )


def _pip(folder: Path, interpreter: Path, log: Path) -> _Installer:
    """Use the environment's pip; an environment from uv has no pip until ensurepip installs it."""
    if probe(interpreter, modules=["pip"]).missing:
        process.run(
            [interpreter, "-m", "ensurepip"],
            env=clean_environment(),
            what=f"{folder} has no pip, and ensurepip, which installs it,",
            hint=f"install uv; or remove {folder}: gfplug creates a new one",
            timeout=INSTALL_TIMEOUT_SECONDS,
        )
    _log.info("Installing with pip, which can take a minute; uv takes seconds (pip install uv)")
    return _Installer(
        command=(str(interpreter), "-m", "pip", "install", *_QUIET_OPTIONS, "--log", str(log)),
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
    """Name the package whose build failed; empty if something else failed.

    pip names a wheel that it could not build. If it could not get requirements or metadata, it names no package: then
    this returns the last package in its log.
    """
    if match := _UNBUILT.search(output):
        return match[1]
    if not _UNPREPARED.search(output) or not log.is_file():
        return ""
    return next(reversed(_COLLECTING_LINE.findall(log.read_text(encoding="utf-8", errors="replace"))), "")
