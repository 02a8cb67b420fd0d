"""New projects, made as `gfplug new` makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gfplug import sdk
from gfplug.scaffold import new
from gfplug.scaffold.template import Answers

if TYPE_CHECKING:
    from pathlib import Path

SALES = Answers(org="acme", name="sales", title="Sales", description="Sales", author="Acme", example="signals")


def new_project(folder: Path, answers: Answers = SALES) -> Path:
    """Make a project of the default SDK, without a network, and return its folder."""
    request = new.NewProject(answers=answers, destination=folder, sdk_version=sdk.default(), offline=True)
    return new.create(request).root
