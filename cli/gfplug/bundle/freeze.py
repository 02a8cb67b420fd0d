"""PyInstaller runs a project's plugin.spec in the project's environment."""

from __future__ import annotations

import os
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.bundle import binutils
from gfplug.errors import ProjectError
from gfplug.project.environment import interpreters

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project

_FREEZE_TIMEOUT_SECONDS = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """PyInstaller's output: a folder, the executable in it, and the platform in its name."""

    folder: Path
    executable: str
    platform: str


def freeze(project: Project, *, python: Path, workspace: Path, epoch: int) -> Frozen:
    """Freeze a project below an empty folder.

    Nothing is reused from an earlier run, because PyInstaller misses edits within a second of its last run.
    Units: `epoch` is in seconds; files that contain a time get this one.
    Raises: ToolError with PyInstaller's last lines; ProjectError if plugin.spec is missing or has another output.
    """
    spec = project.root / "plugin.spec"
    if not spec.is_file():
        raise ProjectError(f"{spec} does not exist", hint="restore it from version control; it describes how to freeze")
    output = workspace / "frozen"
    places = [f"--distpath={output}", f"--workpath={workspace / 'work'}"]
    process.run(
        [python, "-m", "PyInstaller", "--noconfirm", "--clean", "--log-level=WARN", *places, spec],
        cwd=project.root,
        env={
            **_environment(workspace, python),
            "PYINSTALLER_CONFIG_DIR": str(workspace / "cache"),
            "PYINSTALLER_ZLIB_COMPRESSION_LEVEL": "9",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONNODEBUGRANGES": "1",  # column numbers need the source, which bundles do not have
            "SOURCE_DATE_EPOCH": str(epoch),
        },
        what="PyInstaller",
        hint="the lines above are PyInstaller's; plugin.spec lists what it collects",
        timeout=_FREEZE_TIMEOUT_SECONDS,
    )
    frozen = _find(output, project.manifest.executable)
    for library in frozen.folder.rglob("base_library.zip"):
        _sort(library)
    return frozen


def compile_code(project: Project, frozen: Frozen, *, python: Path) -> bool:
    """Compile the author's modules again into a frozen plugin; False if the plugin has them in another form.

    plugin.spec collects the modules as files. The author's assertions stay.
    Raises: ToolError naming the line that is not valid Python.
    """
    places = [folder for folder in frozen.folder.glob("_internal*/plugin") if any(folder.rglob("*.pyc"))]
    for place in places:
        process.run(
            [
                python,
                "-I",
                "-B",
                "-X",
                "no_debug_ranges",
                Path(__file__).with_name("bytecode.py"),
                project.source / "plugin",
                place,
            ],
            env=interpreters.clean_environment(),
            what="compiling src/plugin",
            timeout=_FREEZE_TIMEOUT_SECONDS,
        )
    return bool(places)


def _environment(workspace: Path, python: Path) -> dict[str, str]:
    """Return the environment for PyInstaller: on Linux, gfplug's objcopy and objdump precede installed ones."""
    variables = interpreters.clean_environment()
    if sys.platform == "linux":
        programs = binutils.write_programs(workspace / "programs", python=python)
        variables["PATH"] = os.pathsep.join([str(programs), variables.get("PATH", os.defpath)])
    return variables


def _find(output: Path, executable: str) -> Frozen:
    entries = sorted(output.iterdir()) if output.is_dir() else []
    for folder in entries:
        platform = folder.name.removeprefix(f"{executable}_")
        for name in (folder.name, f"{folder.name}.exe"):
            if platform != folder.name and (folder / name).is_file():
                return Frozen(folder=folder, executable=name, platform=platform)
    names = ", ".join(path.name for path in entries) or "nothing"
    raise ProjectError(
        f"plugin.spec created {names}, not a folder {executable}_<os>_<arch> with an executable of that name",
        hint="in plugin.spec, take `name` from the executable in plugin.json, and keep COLLECT",
    )


def _sort(library: Path) -> None:
    """Sort PyInstaller's zip of start-up modules, whose order is random.

    The modules stay uncompressed: the start is faster, and the archive smaller.
    """
    with zipfile.ZipFile(library) as archive:
        modules = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(library, "w") as ordered:
        for name, code in sorted(modules.items()):
            ordered.writestr(zipfile.ZipInfo(name), code)
