"""A spare process that has imported all modules except the author's, so that the next save starts fast.

A line on stdin makes it the plugin; the end of stdin ends it.
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
    """Import the runtime, and the libraries that the author's files import; the plugin reports failures later."""
    for name in dict.fromkeys((*_RUNTIME, *libraries(source))):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def libraries(source: Path) -> Iterator[str]:
    """List the modules that files below `source/plugin` import from elsewhere."""
    own = {path.stem for path in source.iterdir()}
    for path in sorted((source / _PLUGIN).rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue  # a half-saved file
        for node in tree.body:  # imports inside functions may be lazy on purpose
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            yield from (name for name in names if name.split(".")[0] not in own | {"__future__", ""})


def main() -> None:
    """Wait for the line, and run as the plugin."""
    warm(source_folder())
    if sys.stdin.buffer.readline():
        sys.argv[:] = [_PLUGIN]
        runpy.run_module(_PLUGIN, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
