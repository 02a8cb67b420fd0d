"""Install the packages of a release as a user does, create a plugin with them, build it and query it.

    python .ci/release/try_packages.py FOLDER

FOLDER contains the packages that .ci/release/build.py built; their dependencies come from the index that pip is
configured for. This script needs only the standard library, removes its files, and exits with code 1 if a step fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path
from typing import Any
from zipfile import ZipFile

OK = 200


class StepError(Exception):
    """A step did not give the expected result."""


def try_packages(packages: Path, folder: Path) -> None:
    """Do the steps of a new user in an empty folder.

    Raises: StepError with the standard output of a failed command; its standard error is not captured.
    """
    wheel, runtime = (_only(packages, f"{name}-*.whl") for name in ("gfplug", "gfruntime"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONPATH", "GFPLUG_"))}
    environment |= {"PIP_FIND_LINKS": str(packages), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    venv.create(folder / "environment", with_pip=True, symlinks=sys.platform != "win32")
    place = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    python = folder.joinpath("environment", *place)

    def run(*words: str | Path) -> str:
        command = [str(word) for word in (python, "-m", *words)]
        done = subprocess.run(  # noqa: S603 - our own commands
            command, env=environment, cwd=folder, check=False, stdout=subprocess.PIPE, encoding="utf-8"
        )
        if done.returncode:
            raise StepError(f"{' '.join(command[2:])} exited with {done.returncode}\n{done.stdout}")
        return done.stdout

    run("pip", "install", "--quiet", wheel)
    _require(run("gfplug", "--version").strip(), f"gfplug {_version(wheel)}", "gfplug --version")
    project = folder / "project"
    run("gfplug", "new", "signals", project, "--org", "acme", "--defaults")
    dependencies = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    _require(
        [line for line in dependencies if "gfruntime" in line], [f"gfruntime=={_version(runtime)}"], "dependencies"
    )
    archive = Path(json.loads(run("gfplug", "build", project, "--json"))["archive"])
    _require(_installed_runtime(project / ".venv"), _modules_of(runtime), "gfruntime in the project's environment")
    reply = json.loads(run("gfplug", "call", "query", project / "dist", "--json"))["results"]["A"]
    _require((reply["status"], bool(reply["frames"])), (OK, True), "gfplug call query")
    run("gfplug", "check", archive)


def _only(folder: Path, pattern: str) -> Path:
    paths = list(folder.glob(pattern))
    if len(paths) != 1:
        raise StepError(f"{folder} holds {len(paths)} files {pattern}, not one")
    return paths[0]


def _version(wheel: Path) -> str:
    return wheel.name.split("-")[1]


def _installed_runtime(environment: Path) -> dict[str, bytes]:
    """Return the modules of the gfruntime that is installed in an environment."""
    (face,) = environment.rglob("site-packages/gfruntime/__init__.py")
    return {path.relative_to(face.parents[1]).as_posix(): path.read_bytes() for path in face.parent.rglob("*.py")}


def _modules_of(wheel: Path) -> dict[str, bytes]:
    with ZipFile(wheel) as source:
        return {name: source.read(name) for name in source.namelist() if name.endswith(".py")}


def _require(value: Any, expected: Any, what: str) -> None:  # noqa: ANN401 - what JSON holds
    if value != expected:
        raise StepError(f"{what} is not as expected: {str(value)[:500]}, not {str(expected)[:500]}")


def main() -> None:
    """Try the packages of the given folder."""
    with tempfile.TemporaryDirectory(prefix="gfplug-release-", ignore_cleanup_errors=True) as name:
        try:
            try_packages(Path(sys.argv[1]).resolve(), Path(name).resolve())
        except StepError as error:
            sys.exit(f"error: {error}")
    print("The packages install; a new project builds and answers")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
