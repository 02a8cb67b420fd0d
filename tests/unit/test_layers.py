"""Imports point down: every module of gfplug sees only the layers below its own, and so do the modules of a room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "cli" / "gfplug"
LAYERS = [
    {"__main__"},
    {"cli"},
    {"commands"},
    {"adopt", "check", "console", "dev", "rename"},
    {"new", "build", "call", "upgrade", "proto_upgrade", "recording", "rehearsal"},
    {"sign", "deploy", "doctor", "verify", "rewrites"},
    {"former"},
    {"merging"},
    {"checking"},
    {"alerting", "template", "bundling", "frontend", "host", "requirements"},
    {"project"},
    {"stubs", "lock", "compat", "usage"},
    {"sdk", "edits", "drawing", "provenance"},
    {"wheels"},
    {"failures", "resources", "descriptors", "files", "mutex", "names", "process", "stages"},
    {"errors"},
]
INSIDE = {
    "commands": [{"call", "rename"}, {"proto", "query", "stream"}],
    "alerting": [{"evaluation", "rules"}, {"expressions"}],
    "bundling": [
        {"portable", "thirdparty"},
        {"bundle", "reuse", "sbom"},
        {"components"},
        {"combine", "environment", "freeze", "inventory", "slim"},
        {"native", "prerequisites"},
        {"choice", "system_packages"},
        {"uv"},
    ],
    "checking": [{"bundled", "sources"}, {"manifest"}],
    "drawing": [{"pictures"}, {"plot"}],
    "edits": [{"backup", "difference"}, {"journal"}, {"steps"}, {"trees"}],
    "frontend": [{"linker"}],
    "host": [{"smoke"}, {"launch"}, {"client"}, {"convert", "provisioning"}, {"output", "settings"}],
    "merging": [{"candidates", "merge"}],
    "sdk": [
        {"catalog", "sources"},
        {"gomodcache", "remote"},
        {"cache", "goproxy", "local"},
        {"github", "goenv", "modzip", "protoset"},
        {"index", "web"},
    ],
}
"""The layers within a room, below its face; a module that is not named here is at the bottom and sees no other."""

RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def _place(path: Path) -> list[str]:
    return list(path.relative_to(PACKAGE).with_suffix("").parts)


def _imported(path: Path) -> list[list[str]]:
    """List what a file imports of gfplug, as the parts of a module's name, or of a name in a module."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return [name.split(".")[1:] for name in names if name.startswith("gfplug.") and name != "gfplug.__version__"]


def _modules(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("[!_]*")}


def _layer(room: str, module: str) -> int:
    layers = INSIDE[room]
    return next((rank for rank, names in enumerate(layers) if module in names), len(layers))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_the_layers_below(path: Path) -> None:
    """No import points up or sideways, and only the command line writes to the terminal."""
    room = _place(path)[0]
    if room == "__init__":
        return
    others = {parts[0] for parts in _imported(path)} - {room}

    assert {name for name in others if RANK[name] <= RANK[room]} == set()
    assert room in {"cli", "commands", "console"} or "console" not in others


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.glob("*/**/*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_a_module_of_a_room_imports_only_from_the_layers_below(path: Path) -> None:
    """Within a room, too, no import points up or sideways, and none goes through the room's own face."""
    room, module, *_ = _place(path)
    if module == "__init__":
        return
    others = {".".join(parts[1:2]) for parts in _imported(path) if parts[0] == room} - {module}

    assert {name for name in others if _layer(room, name) <= _layer(room, module)} == set()
    assert others <= _modules(PACKAGE / room)


def test_the_layers_name_what_there_is() -> None:
    """Every module and every room has its layer, and no layer names what is gone."""
    rooms = {name for name in RANK if (PACKAGE / name).is_dir()}

    assert set(RANK) == _modules(PACKAGE) | {"__main__"}
    assert set(INSIDE) == rooms
    assert all(names <= _modules(PACKAGE / room) for room in rooms for names in INSIDE[room])
