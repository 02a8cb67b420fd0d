"""A project that `gfplug dev` serves: an editor that saves it, and the plugin's answers."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from hostclient import HostError
from messages import query
from processes import alive, descendants, eventually
from programs import gfplug

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hostclient import Host, Plugin
    from programs import Programs

SOURCE = '''"""Answers one number."""

from dataclasses import dataclass

from gfruntime import Frame, Health, Query, Settings


@dataclass(frozen=True)
class Empty:
    pass


class Datasource:
    def __init__(self, settings: Settings[Empty]) -> None: ...

    def check_health(self) -> Health:
        return Health.ok("number VALUE")

    def query(self, query: Query[Empty]) -> Frame:
        return Frame.of(time=[query.time_range.start], value=[VALUE.0])
'''


class Editor:
    """Saves the one file of a project."""

    def __init__(self, project: Path) -> None:
        """Find the file."""
        self.file = project / "src" / "plugin" / "datasource.py"

    def save(self, value: int, more: str = "") -> None:
        """Save code that answers with a number."""
        self.file.write_text(SOURCE.replace("VALUE", str(value)) + more, encoding="utf-8")


@pytest.fixture
def editor(programs: Programs, tmp_path: Path) -> Editor:
    """Copy a project for `gfplug dev` that answers with 1."""
    folder = tmp_path / "project"
    shutil.copytree(programs.project("dev"), folder)
    editor = Editor(folder)
    editor.save(1)
    gfplug("dev", str(folder), "--python", sys.executable)
    return editor


@pytest.fixture
def plugin(host: Host, editor: Editor) -> Iterator[Plugin]:
    """Start the executable that `gfplug dev` wrote to dist, with Grafana's restart loop."""
    dist = editor.file.parents[2] / "dist"
    manifest = json.loads((dist / "plugin.json").read_text(encoding="utf-8"))
    (launcher,) = dist.glob(manifest["executable"] + "_*")
    running = host.start(launcher, restart=True)
    yield running
    family = [running.pid, *descendants(running.pid)]
    ended = running.kill()
    eventually(lambda: not any(map(alive, family)), within_s=5)
    assert not ended["forced"]


def value(plugin: Plugin) -> float:
    """Query the plugin's number."""
    (frame,) = plugin.query(query())["A"]["frames"]
    return float(frame["fields"][1]["values"][0])


def answers(plugin: Plugin, number: int) -> bool:
    """Tell whether the plugin answers with this number."""
    try:
        return value(plugin) == number
    except HostError:
        return False
