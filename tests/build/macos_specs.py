"""The arguments that a plugin.spec passes to PyInstaller's COLLECT on macOS, for given libraries, without a freeze."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import PyInstaller.building  # type: ignore[import-untyped]  # noqa: F401  # so that it has looked at the real platform

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from gfruntime.freeze.links import Entry

_PROJECT = {
    "plugin.json": json.dumps({"executable": "gpx_sales"}),
    "pyproject.toml": '[project]\nname = "sales"\nversion = "1.0.0"\ndependencies = ["gfruntime"]\n',
    "src/plugin/__main__.py": "from gfruntime import serve\n\nserve(load)\n",
}


def collect(spec: Path, entries: Sequence[Entry], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Entry]:
    """Run a plugin.spec in a new project at `folder`, and return the entries that its COLLECT receives.

    `entries` are the libraries and their links, as PyInstaller's Analysis has them.
    """
    for name, text in _PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    collected: list[Entry] = []

    def keep(_executable: object, *lists: Sequence[Entry], **_names: Any) -> None:
        collected.extend(entry for each in lists for entry in each)

    graph = SimpleNamespace(get_code_using=lambda _name: {})
    analysis = SimpleNamespace(pure=[], scripts=[], binaries=list(entries), datas=[], graph=graph)
    stand_ins = {"Analysis": lambda *_, **__: analysis, "PYZ": list, "EXE": lambda *_, **__: None, "COLLECT": keep}
    for module in ("PyInstaller.building.api", "PyInstaller.building.build_main"):
        monkeypatch.setitem(sys.modules, module, SimpleNamespace(**stand_ins))
    hooks = SimpleNamespace(copy_metadata=lambda _name: [])
    monkeypatch.setitem(sys.modules, "PyInstaller.utils.hooks", hooks)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "darwin")
        exec(compile(spec.read_bytes(), spec, "exec"), {"SPECPATH": str(folder), **stand_ins})  # noqa: S102  # as PyInstaller does
    return collected
