"""React editors written from a data source's dataclasses, built by a project's own build."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from commands import succeed

from gfplug import files, resources
from gfplug.scaffold.react.sources import write_sources
from gfruntime.author.schema import describe

if TYPE_CHECKING:
    from pathlib import Path


def write(source: type, folder: Path) -> Path:
    """Write the frontend of a new project with the sources of a data source; return its folder."""
    shutil.copytree(resources.folder("template") / "frontends/react/frontend", folder / "frontend")
    files.write_tree(folder, write_sources(describe(source)))
    return folder / "frontend"


def build(source: type, folder: Path, *, node: str, modules: Path) -> str:
    """Return the module.js that esbuild makes."""
    frontend = write(source, folder)
    (frontend / "node_modules").symlink_to(modules)
    succeed(node, frontend / "build.mjs", timeout=120)
    return (frontend / "dist/module.js").read_text(encoding="utf-8")
