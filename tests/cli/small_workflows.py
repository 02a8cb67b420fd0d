"""All workflows: gfplug's own, and those of each kind of project."""

from dataclasses import replace
from pathlib import Path

from projects import SALES

from gfplug.scaffold import template

OURS = sorted((Path(__file__).parents[2] / ".github" / "workflows").glob("*.yml"))
PROJECTS = {
    "signals": SALES,
    "http": replace(SALES, example="http"),
    "hybrid": replace(SALES, example="http", mode="hybrid"),
    "react": replace(SALES, frontend="react"),
    "from an index": replace(SALES, gfplug="gfplug==1.0"),
    "from an address": replace(SALES, gfplug="gfplug @ https://example.com/gfplug-1.0-py3-none-any.whl"),
}
"""A project of each kind that has workflows; adopted projects do not have any."""


def render(kind: str, folder: Path) -> list[Path]:
    """Render a project and return its workflows."""
    template.render(PROJECTS[kind], folder)
    return sorted((folder / ".github" / "workflows").iterdir())


def dependabot(folder: Path) -> Path:
    """Return the path of a rendered project's Dependabot file."""
    return folder / ".github" / "dependabot.yml"
