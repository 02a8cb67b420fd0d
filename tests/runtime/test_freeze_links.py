"""How `freeze` changes PyInstaller's links to libraries; tests/build/test_macos_libraries.py has real libraries."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from gfruntime.freeze import freeze, links

BINARIES = [
    ("Python.framework/Versions/3.12/Python", "/fw/Python.framework/Versions/3.12/Python", "BINARY"),
    ("acme/core.so", "/site/acme/core.so", "EXTENSION"),
    ("acme/lib/libacme.1.dylib", "/site/acme/lib/libacme.1.dylib", "BINARY"),
    ("libssl.3.dylib", "/opt/libssl.3.dylib", "BINARY"),
]
DATA = [
    ("Python", "Python.framework/Versions/3.12/Python", "SYMLINK"),
    ("Python.framework/Versions/Current", "3.12", "SYMLINK"),
    ("Python.framework/Versions/3.12/Resources/Info.plist", "/fw/Info.plist", "DATA"),
    ("acme/lib/libacme.dylib", "libacme.1.dylib", "SYMLINK"),
    ("core.so", "acme/core.so", "SYMLINK"),
    ("libacme.1.dylib", "acme/lib/libacme.1.dylib", "SYMLINK"),
    ("libacme.dylib", "acme/lib/libacme.1.dylib", "SYMLINK"),
    ("table.csv", "/project/table.csv", "DATA"),
]
ON_MACOS = [
    ("Python", "/fw/Python.framework/Versions/3.12/Python", "BINARY"),
    ("acme/core.so", "/site/acme/core.so", "EXTENSION"),
    ("libacme.1.dylib", "/site/acme/lib/libacme.1.dylib", "BINARY"),
    ("libssl.3.dylib", "/opt/libssl.3.dylib", "BINARY"),
    ("acme/lib/libacme.dylib", "../../libacme.1.dylib", "SYMLINK"),
    ("core.so", "acme/core.so", "SYMLINK"),  # an extension module is loaded from its package: no second copy is needed
    ("libacme.dylib", "libacme.1.dylib", "SYMLINK"),  # a second name of one library
    ("table.csv", "/project/table.csv", "DATA"),
    ("acme/lib/libacme.1.dylib", "../../libacme.1.dylib", "SYMLINK"),
]


def entries_for(monkeypatch: pytest.MonkeyPatch, folder: Path, platform: str) -> list[links.Entry]:
    """Return the entries of `freeze` for a PyInstaller that found these entries."""
    (folder / "plugin.json").write_text(json.dumps({"executable": "gpx"}))
    (folder / "pyproject.toml").write_text('[project]\nname = "acme"\nversion = "1.0.0"\n')
    (folder / "src/plugin").mkdir(parents=True)
    (folder / "src/plugin/__main__.py").write_text("serve(load)\n")
    result: list[links.Entry] = []

    def collect(_program: object, *tables: list[links.Entry], name: str) -> None:
        assert name.startswith("gpx_")
        result.extend(entry for table in tables for entry in table)

    graph = SimpleNamespace(get_code_using=lambda _: {})
    analysis = SimpleNamespace(binaries=BINARIES, datas=DATA, pure=[], scripts=[], graph=graph)
    modules: dict[str, dict[str, Any]] = {
        "PyInstaller.building.api": {"COLLECT": collect, "EXE": lambda *_, **__: None, "PYZ": lambda _: None},
        "PyInstaller.building.build_main": {"Analysis": lambda *_, **__: analysis},
        "PyInstaller.utils.hooks": {"copy_metadata": lambda _: []},
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        vars(module).update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "platform", platform)
    freeze(str(folder))
    return result


def test_on_macos_libraries_lie_where_the_loader_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A library and the link to it at the top are swapped; a framework's library leaves its folder."""
    assert entries_for(monkeypatch, tmp_path, "darwin") == ON_MACOS


@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_on_other_systems_entries_stay_unchanged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str
) -> None:
    """`gfplug build` checks the links of a Linux bundle; Windows has no links."""
    assert entries_for(monkeypatch, tmp_path, platform) == BINARIES + DATA
