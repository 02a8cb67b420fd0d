"""Environments as users have them: only the packages that a new project's build installs, without a network.

The packages are those of the interpreter that runs the tests, hard links to its files: a bundle made there is what
users get, regardless of other packages on a developer's machine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

from once import once
from packaging.requirements import Requirement
from projects import new_project

from gfplug import files
from gfplug.project.environment.venv import interpreter_of, requirements
from gfplug.project.plugin_project import Project


def clean(folder: Path, *, project: Path, extra: Iterable[str] = (), installer: str = "pip") -> str:
    """Make an environment with a project's requirements and some other packages; return its interpreter.

    Each package has its installer's records, which depend on the folder.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    (packages,) = folder.glob("Lib/site-packages" if sys.platform == "win32" else "lib/python*/site-packages")
    names = [Requirement(line).name for line in requirements(Project(project))]
    for name in sorted(closure([*names, *extra]) - {"gfruntime"}):
        _link(name, packages)
    for wheel in (project / "vendor").glob("gfruntime-*.whl"):  # the tests' environment has an editable one
        with ZipFile(wheel) as archive:
            archive.extractall(packages)
    for place in packages.glob("*.dist-info"):
        _note(place, installer)
    return str(interpreter_of(folder))


def shared(folder: Path, extra: Iterable[str] = ()) -> str:
    """Make such an environment for a new project in this folder, once for all workers of a run.

    A bundle from it has no NumPy, unlike one from the tests' environment: it is half as large, and is made in
    half the time.
    """
    place = folder / "-".join(["environment", *sorted(extra)])
    project = place.with_name(f"project-of-{place.name}")
    once(place, lambda: clean(place, project=new_project(project), extra=extra))
    return str(interpreter_of(place))


def closure(names: Iterable[str]) -> set[str]:
    """List the names of these installed packages and of all their requirements here, without optional extras.

    Raises: PackageNotFoundError if a package is not installed.
    """
    packages: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop().lower().replace("_", "-")
        if name not in packages:
            packages.add(name)
            others = map(Requirement, distribution(name).requires or [])
            ahead += [each.name for each in others if each.marker is None or each.marker.evaluate({"extra": ""})]
    return packages


def _link(name: str, packages: Path) -> None:
    """Link a package's files, with the bytecode that pip compiled; do not link its programs."""
    for file in distribution(name).files or ():
        source = Path(file.locate())
        if ".." in file.parts or not source.exists():  # bytecode may be missing
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # the folders are on different file systems
            shutil.copy2(source, target)


def _note(place: Path, installer: str) -> None:
    """Write an installer's records: its name, and the checksum of a script, which contains the interpreter's path."""
    script = f"../../../bin/{place.stem},sha256={files.sha256(str(place).encode())},{len(str(place))}\n"
    notes = {"INSTALLER": installer, "RECORD": (place / "RECORD").read_text(encoding="utf-8") + script}
    for name, text in notes.items():
        (place / name).unlink(missing_ok=True)  # a link to the file of another environment
        (place / name).write_text(text, encoding="utf-8")
