"""Every workflow that there is: gfplug's own, and those of each kind of project."""

from __future__ import annotations

from pathlib import Path

from gfplug.scaffold import template
from gfplug.scaffold.template import Answers

OURS = sorted((Path(__file__).parents[2] / ".github" / "workflows").glob("*.yml"))
_SALES = {"org": "acme", "name": "sales", "title": "Sales", "description": "Sales", "author": "acme"}
PROJECTS = {
    "signals": Answers(**_SALES),
    "http": Answers(**_SALES, example="http"),
    "hybrid": Answers(**_SALES, example="http", mode="hybrid"),
    "react": Answers(**_SALES, frontend="react"),
    "from an index": Answers(**_SALES, gfplug="gfplug==1.0"),
    "from an address": Answers(**_SALES, gfplug="gfplug @ https://example.com/gfplug-1.0-py3-none-any.whl"),
}
"""A project of each kind that has workflows; one that `gfplug adopt` makes has none."""


def render(kind: str, folder: Path) -> list[Path]:
    """Render a project and return its workflows."""
    template.render(PROJECTS[kind], folder)
    return sorted((folder / ".github" / "workflows").iterdir())
