"""`gfplug dev` as a service: write a `dist/` that any running Grafana loads, whose executable runs the source."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import files, process
from gfplug.bundle import build, dist, exchange, launcher, workspace
from gfplug.bundle.freeze import Frozen
from gfplug.bundle.frontend import linker, npm
from gfplug.host.target import go_platform
from gfplug.project.environment import venv
from gfplug.stages import Stages

if TYPE_CHECKING:
    from gfplug.project.plugin_project import Project

_MODULE = "module.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevBundle:
    """The written bundle, and the command that a person runs if Grafana only attaches."""

    folder: Path
    executable: Path
    command: str


def prepare(project: Project, *, python: Path | None = None, address: str = "") -> DevBundle:
    """Write `dist/` with a launcher of the project's source; with an address, the launcher attaches to it.

    Raises: ProjectError, ToolError or UsageError, before the old `dist/` changes.
    """
    project.require_library()
    stages = Stages()
    manifest = dist.check(project)
    with workspace.open_folder(project.root / "artifacts") as scratch:
        aside = scratch / "old"
        exchange.recover(project.dist, aside=aside)
        folder = workspace.make_empty(scratch)
        interpreter = venv.ensure(project, python=python, stages=stages)
        with stages.stage("frontend", doing="Linking module.js", done="Linked module.js"):
            browser = linker.build_frontend(project, interpreter)
        platform = go_platform()
        suffix = ".exe" if sys.platform == "win32" else ""
        frozen = Frozen(
            folder=folder / "launcher", executable=f"{manifest.executable}_{platform}{suffix}", platform=platform
        )
        frozen.folder.mkdir()
        command = command_by_hand(project, interpreter, address) if address else ""
        relinking = "" if address else relink_command(project, interpreter)
        starter = launcher.Launcher(
            python=interpreter, source=project.source, address=address, command=command, link=relinking
        )
        path = frozen.folder / frozen.executable
        path.write_bytes(starter.executable(platform))
        path.chmod(0o755)
        bundle = dist.assemble(project, frozen, folder / "dist", browser=browser, day=build.day_of(project))
        installed = exchange.install(bundle, project.dist, aside=aside)
    return DevBundle(folder=installed.folder, executable=installed.executable, command=command)


def link_command(folder: Path, plugin_id: str) -> str:
    """Return the command that makes Grafana find `dist/`: on Windows a junction, which needs no special rights."""
    if sys.platform == "win32":
        return f'cmd /c mklink /J "<plugins>\\{plugin_id}" "{folder}"'
    return f"ln -s {process.quote(str(folder))} <plugins>/{plugin_id}"


def relink_command(project: Project, python: Path) -> str:
    """Return, in JSON, how to run `link`, and the file that it writes; empty for a frontend with its own sources."""
    if npm.locate_frontend(project) is not None:
        return ""
    command = [sys.executable, "-m", "gfplug", "--quiet", "dev", str(project.root), "--python", str(python), "--link"]
    arguments = {"module": str(project.dist / _MODULE), "command": command, "path": str(Path(__file__).parents[2])}
    return json.dumps(arguments, sort_keys=True)


def link(project: Project, python: Path) -> Path:
    """Write module.js again in a `dist/` of `gfplug dev`; a built bundle stays unchanged.

    Raises: ProjectError if the dataclasses cannot become a form.
    """
    path = project.dist / _MODULE
    if not any(project.dist.glob("_internal_*")):
        files.write_atomic(path, linker.build_frontend(project, python)[_MODULE], for_grafana=True)
    return path


def command_by_hand(project: Project, python: Path, address: str) -> str:
    """Return the command that runs the plugin at an address: for PowerShell on Windows, else for a POSIX shell."""
    variables = {
        f"GF_PLUGIN_GRPC_ADDRESS_{project.manifest.id.upper().replace('-', '_')}": address,
        "PYTHONPATH": str(project.source),
    }
    flags = "-standalone" if launcher.is_loopback(address) else "-standalone -allow-remote"
    if sys.platform == "win32":
        settings = [f"$env:{name}={process.quote_powershell(value)};" for name, value in variables.items()]
        return " ".join([*settings, "&", process.quote_powershell(str(python)), "-m plugin", flags])
    settings = [f"{name}={process.quote(value)}" for name, value in variables.items()]
    return " ".join([*settings, process.quote(str(python)), "-m plugin", flags])
