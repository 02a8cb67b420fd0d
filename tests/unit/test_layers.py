"""Imports point down: every module of gfplug sees only the layers below its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "cli" / "gfplug"
LAYERS = [
    {"__main__"},
    {"cli"},
    {"commands"},
    {"adopt", "check", "console", "dev"},
    {"new", "build", "call", "upgrade", "proto_upgrade", "recording", "rehearsal"},
    {"sign", "deploy", "doctor", "origin", "verify", "pictures"},
    {"checking"},
    {"alerting", "template", "bundling", "frontend", "host", "plot", "requirements"},
    {"npm"},
    {"project"},
    {"stubs", "lock", "compat", "merge", "difference", "backup", "usage"},
    {"sdk", "git", "journal"},
    {
        "failures",
        "resources",
        "commonjs",
        "descriptors",
        "display",
        "files",
        "mutex",
        "live",
        "names",
        "probe",
        "process",
        "stages",
        "trees",
        "variables",
    },
    {"errors"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "gfplug":
            found |= {alias.name for alias in node.names if alias.name != "__version__"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gfplug."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gfplug.")}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_the_layers_below(path: Path) -> None:
    """No import points up or sideways, and only the command line writes to the terminal."""
    room = _room(path)
    if room == "__init__":
        return
    others = _imported(path) - {room}

    assert {name for name in others if RANK[name] <= RANK[room]} == set()
    assert room in {"cli", "commands", "console"} or "console" not in others
