"""Imports point down: every room of the runtime sees only those below its own. A room is a package or a module."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from places import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = SOURCE / "gfruntime"
LAYERS = [
    {"dev", "fixtures"},
    {"serve", "testing"},
    {"serving", "fakes"},
    {"calls", "http"},
    {"schema"},
    {"author", "telemetry"},
    {"routes", "incoming", "sql"},
    {"backend", "golden"},
    {"log", "frames"},
    {"errors"},
    {"masking", "config", "headers", "wire", "editor", "alerting"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FILES = sorted(path for path in RUNTIME.rglob("*.py") if path.parent.name != "freeze" and path.name != "__init__.py")


def _room(path: Path) -> str:
    return path.relative_to(RUNTIME).parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    """List the modules that a file imports anywhere, with their rooms."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(RUNTIME)))
def test_a_room_imports_only_from_those_below(path: Path) -> None:
    """No import points up or sideways."""
    room = _room(path)
    others = {name.split(".")[1] for name in _imported(path) if name.startswith("gfruntime.")} - {room}

    assert {name for name in others if RANK[name] <= RANK[room]} == set()
