"""Find where Python code uses a protocol's fields, messages and methods."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_PACKAGE = "pluginv2"


def find_uses(root: Path, folders: Collection[str], names: Collection[str]) -> dict[str, list[str]]:
    """Map each name to the places that use it, as `path:line`.

    Only files that import the generated package count: elsewhere `format` is another name. A file that is not Python is
    skipped: it fails when it is run.
    """
    uses = defaultdict(list)
    for folder in folders:
        for path in files.walk(root / folder) if (root / folder).is_dir() else []:
            for name, line in _list_names(path) if path.suffix == ".py" else []:
                if name in names:
                    uses[name].append(f"{path.relative_to(root).as_posix()}:{line}")
    return {name: list(dict.fromkeys(places)) for name, places in sorted(uses.items())}


def _list_names(path: Path) -> list[tuple[str, int]]:
    """List the names that a file uses, with their lines, if it imports the generated package."""
    try:
        nodes = list(ast.walk(ast.parse(documents.read_bytes(path))))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    if not any(_imports_package(node) for node in nodes):
        return []
    return sorted((use for node in nodes for use in _names(node)), key=lambda use: use[1])


def _imports_package(node: ast.AST) -> bool:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return any(name.split(".")[0] == _PACKAGE for name in names)


def _names(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield names that may belong to the protocol: attributes, keywords, methods, imports; texts, as in `HasField`."""
    if isinstance(node, ast.Attribute):
        yield node.attr, node.lineno
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.arg, node.value.lineno
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, node.lineno
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, node.lineno
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _PACKAGE:
        yield from ((alias.name, node.lineno) for alias in node.names)
