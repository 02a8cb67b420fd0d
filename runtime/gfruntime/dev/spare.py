"""A process that waits with everything imported but the author's own modules: the next save needs to import only these.

A line on stdin lets it become the plugin; the end of stdin ends it.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import runpy
import sys
from typing import TYPE_CHECKING

from gfruntime.dev.watch import source_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PLUGIN = "plugin"
_RUNTIME = ("gfruntime.serving.workers.worker", "gfruntime.calls.service")


def warm(source: Path) -> None:
    """Import the runtime, and the libraries that the author's files name; what fails here will say so later."""
    for name in dict.fromkeys((*_RUNTIME, *libraries(source))):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def libraries(source: Path) -> Iterator[str]:
    """Name the modules that files below `source/plugin` import from elsewhere."""
    own = {path.stem for path in source.iterdir()}
    for path in sorted((source / _PLUGIN).rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue  # it is being edited
        for node in tree.body:  # what is imported later may have been put off for a reason
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            yield from (name for name in names if name.split(".")[0] not in own | {"__future__", ""})


def main() -> None:
    """Wait, then be the plugin."""
    warm(source_folder())
    if sys.stdin.buffer.readline():
        sys.argv[:] = [_PLUGIN]
        runpy.run_module(_PLUGIN, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
