"""A project of an older template, and the newer template it is upgraded to: the real one, with files of ours added."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from older import ANSWERS, NEW, OLD, make_template, use_template

from gfplug import __version__, sdk
from gfplug.scaffold import new

if TYPE_CHECKING:
    from collections.abc import Callable

collect_ignore = ["every_name"]
FIRST_RELEASE = Path(__file__).parents[1] / "fixtures" / "projects-0.1.tar.xz"


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of each kind, as gfplug 0.1 made them."""
    folder = tmp_path_factory.mktemp("first-release")
    with tarfile.open(FIRST_RELEASE) as archive:
        archive.extractall(folder)  # noqa: S202 - a fixture of ours
    return folder


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The older and the newer template."""
    folder = tmp_path_factory.mktemp("templates")
    return {"old": make_template(folder / "old", OLD), "new": make_template(folder / "new", NEW)}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory, templates: dict[str, Path]) -> dict[str, Path]:
    """A fresh project of each template."""
    folder = tmp_path_factory.mktemp("rendered")
    for name, template in templates.items():
        with pytest.MonkeyPatch.context() as patch:
            use_template(patch, template)
            patch.setattr(new, "__version__", "0.0.1" if name == "old" else __version__)
            new.create(
                new.NewProject(answers=ANSWERS, destination=folder / name, sdk_version=sdk.default(), offline=True)
            )
    return {name: folder / name for name in templates}


@pytest.fixture
def project(
    tmp_path: Path, rendered: dict[str, Path], templates: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A project of the older template; gfplug renders the newer one."""
    use_template(monkeypatch, templates["new"])
    return shutil.copytree(rendered["old"], tmp_path / "project")


@pytest.fixture
def commit() -> Callable[[Path], None]:
    """Put a folder, as it is, into a git repository of its own, or into a new commit of the one it is in."""

    def run(folder: Path, *, root: Path | None = None) -> None:
        git = ["git", "-C", str(root or folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
        if not (root or folder).joinpath(".git").exists():
            subprocess.run([*git, "init", "-q"], check=True, timeout=60)
        subprocess.run([*git, "add", "-A"], check=True, timeout=60)
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True, timeout=60)

    return run
