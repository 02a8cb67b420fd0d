"""The Python environment of one project: its own `.venv`, or an interpreter that the user names.

A plugin is frozen and tested in the environment that its pyproject.toml describes, never in gfplug's.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import files, process
from gfplug.errors import ProjectError, ToolError
from gfplug.project.environment import installation, ownership, package_lock, prerequisites, uv
from gfplug.project.environment.interpreters import OLDEST_PYTHON, Interpreter, clean_environment, probe

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project
    from gfplug.stages import Stages

_MARKER = "gfplug-environment"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def ensure(project: Project, *, python: Path | None = None, stages: Stages) -> Path:
    """Return the interpreter to build and run a project with.

    Without `python`, this is the Python of the project's `.venv`: created with uv if it is installed, else with venv
    and pip, and unchanged while pyproject.toml is the same. A given `python` is checked, then used without changes.
    Raises: ToolError if there is no interpreter, it is too old, has a defect, lacks a package, or pip fails;
    ProjectError or IntegrityError as `Project.require_library` does.
    """
    project.require_library()
    needed = requirements(project)
    if python is not None:
        with stages.stage("environment", doing=f"Checking {python}", done=f"Checked the environment of {python}"):
            interpreter = locate(python)
            _require_usable(probe(interpreter, distributions=needed), project)
        return interpreter
    folder = project.root / ".venv"
    interpreter = interpreter_of(folder)
    if _is_current(project, folder):
        environment = probe(interpreter, distributions=needed)
        if not (environment.defect or environment.missing):
            stages.seconds["environment"] = 0.0
            _require_usable(environment, project)
            ownership.record(folder)
            return interpreter
    with stages.stage("environment", doing="Installing the project's environment", done=f"Installed {folder.name}"):
        is_new = _make(project, folder)
        package_lock.refresh(project)
        installation.install(project, folder, interpreter=interpreter, is_new=is_new)
        _require_usable(probe(interpreter, distributions=needed), project)
        files.write_atomic(folder / _MARKER, _stamp(project))
    ownership.record(folder)
    return interpreter


def requirements(project: Project) -> tuple[str, ...]:
    """Return the packages that pyproject.toml requires to run and build, except conditional ones.

    The runtime has the version with which the project was rendered.

    Raises: ProjectError if pyproject.toml cannot be read.
    """
    table = project.pyproject
    try:
        lines = [*table.get("dependencies", []), *table.get("optional-dependencies", {}).get("build", [])]
        names = [match[0] for line in lines if ";" not in line and (match := _NAME.match(line))]
    except (AttributeError, TypeError) as error:
        path = project.root / "pyproject.toml"
        raise ProjectError(f"{path}: its dependencies must be lists of texts: {error}") from error
    runtime = f"gfruntime=={project.lock.template_version}"
    return tuple(dict.fromkeys([*(name for name in names if name != "gfruntime"), runtime, "pyinstaller"]))


def interpreter_of(environment: Path) -> Path:
    """Return the path of a virtual environment's interpreter."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def locate(python: Path) -> Path:
    """Return an interpreter's absolute path; links stay, because Python finds a virtual environment by a link's path.

    Raises: ToolError if the file does not exist.
    """
    if python.is_dir():
        python = interpreter_of(python)
    path = python if python.exists() else Path(shutil.which(str(python)) or "")
    if not path.is_file():
        raise ToolError(f"no Python interpreter at {python}", hint="pass the path of an interpreter to --python")
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow the link


def _require_usable(interpreter: Interpreter, project: Project) -> None:
    version = ".".join(map(str, interpreter.version))
    if interpreter.version < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise ToolError(f"{interpreter.path} is Python {version}; a plugin needs {oldest} or newer")
    if interpreter.defect:
        raise ToolError(
            f"{interpreter} {interpreter.defect}; it cannot build a plugin",
            hint="omit --python: gfplug then uses another Python; `gfplug doctor` says which, or what to install",
        )
    if interpreter.missing:
        pip = f"uv pip install --python {interpreter.path}" if uv.program() else f"{interpreter.path} -m pip install"
        raise ToolError(
            f"{interpreter.path} lacks {', '.join(interpreter.missing)}",
            hint=f"install it: {pip} -e '{project.root}[build]'",
        )


def _stamp(project: Project) -> bytes:
    """Return the inputs of an environment: the requirements, the package lock, and the wheels in vendor/."""
    lock = package_lock.path_of(project)
    sources = [
        project.root / "pyproject.toml",
        *([lock] if lock.is_file() else []),
        *sorted((project.root / "vendor").glob("*.whl")),
    ]
    return "".join(f"{files.sha256_of(path)}\n" for path in sources).encode()


def _is_current(project: Project, folder: Path) -> bool:
    marker = folder / _MARKER
    return interpreter_of(folder).exists() and marker.is_file() and marker.read_bytes() == _stamp(project)


def _make(project: Project, folder: Path) -> bool:
    """Create a virtual environment if there is no usable one; tell whether it was created."""
    if _is_usable(folder):
        return False
    base = str(prerequisites.require(project, folder).path)
    _clear(folder)
    program = uv.program()
    command = [program, "venv", "--quiet", "--python", base] if program else [base, "-m", "venv"]
    process.run(
        [*command, folder],
        env=clean_environment(),
        what=f"making {folder}",
        timeout=installation.INSTALL_TIMEOUT_SECONDS,
    )
    return True


def _is_usable(folder: Path) -> bool:
    """Tell whether a virtual environment exists and can be frozen; if not, gfplug may replace it.

    Raises: ToolError if it can't be frozen and gfplug did not create it.
    """
    interpreter = interpreter_of(folder)
    if not interpreter.exists():
        return False
    python = probe(interpreter)
    if python.defect and not (folder / _MARKER).is_file():
        raise ToolError(
            f"{python} {python.defect}; it cannot build a plugin, and gfplug did not create this environment",
            hint=f"remove {folder}: gfplug creates it again with another Python; or name an interpreter (--python)",
        )
    return not python.defect


def forget(folder: Path) -> None:
    """Remove a virtual environment that `ensure` created, because it names the project's old folder."""
    if (folder / _MARKER).is_file() and not folder.is_symlink():
        _clear(folder)


def _clear(folder: Path) -> None:
    """Remove the rest of a virtual environment; keep any other folder."""
    if not folder.exists():
        return
    if any(folder.iterdir()) and not (folder / "pyvenv.cfg").is_file():
        raise ToolError(f"{folder} exists and is not a virtual environment", hint="move it, or use --python")
    shutil.rmtree(folder)
