"""The second person on the team clones the project into another folder, has no gfplug, and follows the README.

Third-party packages come from a folder and none from an index, so that no package comes from an index by accident.
"""

import os
import re
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from commands import commit, git, succeed
from projects import new_project

from gfplug.cli import main
from gfplug.project import wheels
from gfplug.project.environment import package_lock

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="the README's lines are for a POSIX shell"),
    pytest.mark.bundles,
    pytest.mark.network,
    pytest.mark.timeout(900),
]

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LATER = ("docker", "upgrade", "release")
"""Words of README blocks that are not run here."""


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the repository `origin`, the folder `packages` with third-party wheels, and an empty home."""
    folder = tmp_path_factory.mktemp("team")
    origin = new_project(folder / "origin")
    assert main(["upgrade", str(origin), "--packages"]) == 0
    commit(origin)
    lock = origin / package_lock.NAME
    names = [str(origin / "vendor" / wheels.NAMES["gfplug"]), "uv", "editables"]
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--dest", str(folder / "packages")]
    succeed(*download, "--require-hashes", "--requirement", lock, timeout=600)
    succeed(*download, *names, timeout=600)
    for own in (folder / "packages").glob("gf*.whl"):
        own.unlink()  # gfplug and its runtime come from the repository, and from nowhere else
    settings = folder / "home" / ".config" / "uv" / "uv.toml"  # uv has no variable that forbids an index
    settings.parent.mkdir(parents=True)
    settings.write_text(f'no-index = true\nfind-links = ["{(folder / "packages").as_posix()}"]\n', encoding="utf-8")
    return folder


def clone(team: Path, name: str) -> Path:
    """Clone the repository as another person does."""
    succeed("git", "clone", "-q", team / "origin", team / name)
    return team / name


def run(script: str, folder: Path, team: Path) -> str:
    """Run shell lines as a person without gfplug would, without access to an index."""
    bare = [each for each in os.environ["PATH"].split(os.pathsep) if not (Path(each) / "gfplug").exists()]
    programs = team / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("python3", "python"):
        if not (programs / name).exists():
            (programs / name).symlink_to(getattr(sys, "_base_executable", sys.executable))
    hidden = ("PIP_", "UV_", "PYTHON", "VIRTUAL_ENV")
    env = {
        **{key: text for key, text in os.environ.items() if not key.startswith(hidden)},
        "HOME": str(team / "home"),
        "PATH": os.pathsep.join([str(programs), *bare]),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(team / "packages"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(team / "packages"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_CACHE_DIR": str(team / "uv-cache"),
    }
    return succeed("bash", "-e", "-o", "pipefail", "-c", script, cwd=folder, env=env, timeout=600)


def test_the_readme_works_as_written(team: Path) -> None:
    """Its blocks install, build, query and test the project, in a folder with a space and an umlaut."""
    project = clone(team, "das zweite Büro")
    blocks = [
        block
        for block in BLOCK.findall((project / "README.md").read_text(encoding="utf-8"))
        if not any(word in block for word in LATER)
    ]
    assert len(blocks) == 2
    output = "".join(run(block, project, team) for block in blocks)

    assert "value {series=1" in output
    assert "12 passed" in output
    assert list((project / "artifacts").glob("acme-sales-datasource-*.zip"))
    run(". ~/gfplug-env/bin/activate; gfplug check; gfplug call query dist; gfplug upgrade", project, team)
    assert git(project, "status", "--short") == ""


@pytest.mark.skipif(shutil.which("uv", path=str(Path(sys.executable).parent)) is None, reason="install uv: it is used")
def test_uv_locks_and_installs_the_project(team: Path) -> None:
    """`uv lock` writes paths of the project, with checksums; `uv sync` and `uv pip` install from them."""
    project = clone(team, "with-uv")
    uv = Path(sys.executable).parent / "uv"
    extras = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    others = ("macholib", "pefile", "pywin32-ctypes", "colorama")  # for other platforms, which `uv lock` looks at
    folder = team / "more packages"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--dest", str(folder)]
    succeed(*download, *extras["otel"], *extras["pages"], *others, timeout=600)
    links = f"--find-links '{folder}'"
    run(f"{uv} lock {links} && {uv} sync {links} --locked --extra dev && .venv/bin/python -m pytest", project, team)
    lock = tomllib.loads((project / "uv.lock").read_text(encoding="utf-8"))
    [runtime] = [package for package in lock["package"] if package["name"] == "gfruntime"]

    assert runtime["source"] == {"path": f"vendor/{wheels.NAMES['gfruntime']}"}
    assert runtime["wheels"][0]["hash"].startswith("sha256:")
    assert str(team / "with-uv") not in (project / "uv.lock").read_text(encoding="utf-8")
    moved = project.rename(team / "moved")
    shutil.rmtree(moved / ".venv")
    check = ".venv/bin/python -c 'import gfruntime, plugin.datasource'"
    run(f"{uv} sync {links} --locked && {check} && rm -rf .venv", moved, team)
    run(
        f"{uv} venv -q && {uv} pip install -e '.[dev]' ./vendor/gfplug-*.whl && {check} && .venv/bin/gfplug check",
        moved,
        team,
    )
