"""A project of an older template, and the newer template for its upgrade: the real template with added files."""

import shutil
from pathlib import Path

import pytest
from older import ANSWERS, NEW, OLD, make_template, unpack, use_template
from projects import new_project

from gfplug import __version__
from gfplug.project.plugin_project import Project
from gfplug.scaffold import new
from gfplug.sdk import cache, goenv


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack a project of each kind, as gfplug 0.1 made them."""
    return unpack("projects-0.1.tar.xz", tmp_path_factory.mktemp("first-release"))


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make the older and the newer template."""
    folder = tmp_path_factory.mktemp("templates")
    return {"old": make_template(folder / "old", OLD), "new": make_template(folder / "new", NEW)}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory, templates: dict[str, Path]) -> dict[str, Path]:
    """Render a fresh project of each template."""
    folder = tmp_path_factory.mktemp("rendered")
    for name, template in templates.items():
        with pytest.MonkeyPatch.context() as patch:
            use_template(patch, template)
            patch.setattr(new, "__version__", "0.0.1" if name == "old" else __version__)
            new_project(folder / name, ANSWERS)
    return {name: folder / name for name in templates}


@pytest.fixture
def project(
    tmp_path: Path, rendered: dict[str, Path], templates: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Make a project of the older template; gfplug renders the newer one."""
    use_template(monkeypatch, templates["new"])
    return shutil.copytree(rendered["old"], tmp_path / "project")


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide this machine's caches and module proxies."""
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "mod"))
    monkeypatch.setattr(goenv, "_ask_go", lambda: "")
    monkeypatch.setattr(cache, "folder", lambda: tmp_path / "cache")


@pytest.fixture
def current(tmp_path: Path, rendered: dict[str, Path]) -> Project:
    """Make a project of the newer template, at the embedded release."""
    return Project(shutil.copytree(rendered["new"], tmp_path / "project"))
