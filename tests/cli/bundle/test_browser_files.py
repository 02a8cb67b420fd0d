"""The plugin's files that a preview serves, of a project and of a bundle."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from small_bundle import MANIFEST

from gfplug.bundle.browser_files import BundleFiles, SourceFiles
from gfplug.bundle.frontend import linker, npm
from gfplug.errors import ProjectError, ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from gfplug.project.plugin_project import Project

SCHEMA: dict[str, Any] = {"hash": "1", "query": {"fields": []}, "config": {"fields": []}}


def test_a_project_serves_the_files_that_a_build_creates(project: Project) -> None:
    """These are plugin.json with a version, the logo and module.js; files that a build leaves out are not served."""
    files = SourceFiles(project)
    assert files.module_address() is None

    assert files.relink(SCHEMA) is True
    manifest = json.loads(files.read("plugin.json") or b"")
    assert manifest["info"]["version"] == "1.2.3"
    assert files.read("img/logo.svg") == b"<svg/>"
    assert b"define(" in (files.read("module.js") or b"")
    for name in ("gfplug.lock", "../plugin.spec", "plugin.spec", "src/pluginv2/backend.proto", "", "img"):
        assert files.read(name) is None
    assert not project.dist.exists()


def test_the_address_of_module_js_follows_its_content(project: Project) -> None:
    """Browsers keep a file as long as its address is the same."""
    files = SourceFiles(project)
    files.relink(SCHEMA)
    first = files.module_address()

    assert files.relink(SCHEMA) is False
    assert files.module_address() == first
    assert files.relink({**SCHEMA, "hash": "2"}) is True
    assert files.module_address() != first


def test_a_failure_to_link_module_js_keeps_the_previous_module(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The problem is reported until it is solved."""
    files = SourceFiles(project)
    files.relink(SCHEMA)
    before = files.read("module.js")

    def fail(*_: object) -> str:
        raise ProjectError("no form")

    with monkeypatch.context() as patch:
        patch.setattr(linker, "link_module", fail)
        assert files.relink(SCHEMA) is False
    assert (files.read("module.js"), str(files.problem)) == (before, "no form")
    files.relink(SCHEMA)
    assert files.problem is None


@pytest.fixture
def own(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the project its own frontend sources, whose builds are counted."""
    (project.root / "frontend" / "package.json").write_text("{}")
    (project.root / "frontend" / "module.ts").write_text("one")
    builds: list[str] = []

    def build(frontend: npm.Frontend) -> dict[str, bytes]:
        builds.append("built")
        frontend.output.mkdir(exist_ok=True)
        (frontend.output / "module.js").write_text((frontend.folder / "module.ts").read_text())
        return npm.read_output(frontend)

    monkeypatch.setattr(npm, "build", build)
    return builds


def _touch(path: Path, *, seconds: int) -> None:
    times = path.stat().st_mtime + seconds
    os.utime(path, (times, times))


def test_a_frontend_of_the_project_is_built_if_its_sources_are_newer(project: Project, own: list[str]) -> None:
    """Otherwise its output is read."""
    files = SourceFiles(project)

    assert files.rebuild(is_first=True) is True
    assert (files.read("module.js"), own) == (b"one", ["built"])
    assert files.rebuild() is False
    assert own == ["built"]
    source = project.root / "frontend" / "module.ts"
    source.write_text("two")
    _touch(source, seconds=5)
    assert files.rebuild() is True
    assert (files.read("module.js"), own) == (b"two", ["built", "built"])


def test_a_failing_build_keeps_the_previous_module(
    project: Project, own: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The problem has the last lines of the build's output."""
    files = SourceFiles(project)
    files.rebuild(is_first=True)

    def fail(_: npm.Frontend) -> dict[str, bytes]:
        raise ToolError("building the frontend failed", details="line 1")

    monkeypatch.setattr(npm, "build", fail)
    source = project.root / "frontend" / "module.ts"
    _touch(source, seconds=5)
    assert files.rebuild() is False
    assert (files.read("module.js"), getattr(files.problem, "details", "")) == (b"one", "line 1")
    assert own == ["built"]


def test_an_adopted_frontend_is_built_once(project: Project, own: list[str]) -> None:
    """Afterwards its own tools write the output, which is served."""
    plugin = project.root.parent / "adopted"
    plugin.mkdir()
    (plugin / "package.json").write_text("{}")
    (plugin / "module.ts").write_text("one")
    (project.root / "frontend" / "package.json").unlink()
    note = {"folder": os.path.relpath(plugin, project.root / "frontend")}
    (project.root / "frontend" / npm.ADOPTED).write_text(json.dumps(note))
    files = SourceFiles(project)

    assert files.is_adopted
    assert files.rebuild(is_first=True)
    assert own == ["built"]
    _touch(plugin / "module.ts", seconds=5)
    assert files.rebuild() is False
    (plugin / "dist" / "module.js").write_text("by webpack")
    assert files.rebuild() is True
    assert (files.read("module.js"), own) == (b"by webpack", ["built"])


def test_a_bundle_serves_only_its_own_files(dist: Path) -> None:
    """Files outside the bundle are not served."""
    (dist.parent / "secret.txt").write_text("secret")
    files = BundleFiles(dist)

    assert files.meta()["id"] == MANIFEST["id"]
    assert files.read("module.js") == (dist / "module.js").read_bytes()
    for name in ("../secret.txt", "/etc/passwd", "..", "", "none.js"):
        assert files.read(name) is None
    assert files.problem is None
    (dist / "module.js").unlink()
    assert files.module_address() is None
    assert "module.js" in str(files.problem)
