"""New projects, made as `gfplug new` makes them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from gfplug import resources, sdk
from gfplug.scaffold import new
from gfplug.scaffold.template import Answers

SALES = Answers(org="acme", name="sales", title="Sales", description="Sales", author="Acme", example="signals")


def new_project(folder: Path, answers: Answers = SALES) -> Path:
    """Make a project of the default SDK, without a network, and return its folder.

    A second project with the same answers is a copy of the first, since rendering takes a second of CPU.
    """
    first = _first_project(answers, template=resources.folder("template"), version=vars(new)["__version__"])
    return Path(shutil.copytree(first, folder, symlinks=True, dirs_exist_ok=True)).absolute()


@cache
def _first_project(answers: Answers, *, template: Path, version: str) -> Path:
    """Make a project that stays until this process ends; a test may have changed template and version."""
    del template, version
    folder = tempfile.mkdtemp(prefix="gfplug-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    destination = Path(folder, "project")
    return new.create(
        new.NewProject(answers=answers, destination=destination, sdk_version=sdk.default(), offline=True)
    ).root
