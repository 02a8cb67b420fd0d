"""Environments as users have them: what a new project's build installs and nothing else, made without a network.

The packages are those of the interpreter that runs the tests, hard links to its files: a bundle made in one shows what
users get, whatever else a developer has installed.
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
    """Make an environment with what a project asks for, and some packages more; return its interpreter.

    Each package has the notes of its installer, which depend on the folder.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    (packages,) = folder.glob("Lib/site-packages" if sys.platform == "win32" else "lib/python*/site-packages")
    names = [Requirement(line).name for line in requirements(Project(project))]
    for name in sorted(closure([*names, *extra]) - {"gfruntime"}):
        _link(name, packages)
    for wheel in (project / "vendor").glob("gfruntime-*.whl"):  # the tests' own environment has it editable
        with ZipFile(wheel) as archive:
            archive.extractall(packages)
    for place in packages.glob("*.dist-info"):
        _note(place, installer)
    return str(interpreter_of(folder))


def shared(folder: Path, extra: Iterable[str] = ()) -> str:
    """Make such an environment for a new project, once for all workers of a run, whose folder it is.

    A bundle of one is half as large as one of the tests' own environment, whose NumPy it would hold, and is made in
    half the time.
    """
    place = folder / "-".join(["environment", *sorted(extra)])
    project = place.with_name(f"project-of-{place.name}")
    once(place, lambda: clean(place, project=new_project(project), extra=extra))
    return str(interpreter_of(place))


def closure(names: Iterable[str]) -> set[str]:
    """Name these installed packages and all that they ask for here, optional extras aside.

    Raises: PackageNotFoundError if one is not installed.
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
    """Link a package's files, with the bytecode that pip made of them; its programs stay where they are."""
    for file in distribution(name).files or ():
        source = Path(file.locate())
        if ".." in file.parts or not source.exists():  # bytecode may be gone
            continue
        target = packages / file
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copy2(source, target)


def _note(place: Path, installer: str) -> None:
    """Write what an installer notes: itself, and the digest of a script, which holds the interpreter's path."""
    script = f"../../../bin/{place.stem},sha256={files.sha256(str(place).encode())},{len(str(place))}\n"
    notes = {"INSTALLER": installer, "RECORD": (place / "RECORD").read_text(encoding="utf-8") + script}
    for name, text in notes.items():
        (place / name).unlink(missing_ok=True)  # a link to the file of another environment
        (place / name).write_text(text, encoding="utf-8")
