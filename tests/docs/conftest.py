"""Fixtures for the pages' commands: a shell with gfplug, and the project that the README's first commands make."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import quick_archive
from environments import shared
from once import run_folder
from pages import QUICKSTART, blocks

HERE = Path(__file__).parent
STAND_INS = {
    # with this interpreter's packages: installing a project's environment takes minutes, and its lock needs a network
    "gfplug": """\
case "$1" in
  build) exec '{python}' '{quick_archive}' "$@" --python '{packages}' ;;
  call|dev) exec '{python}' -m gfplug "$@" --python '{python}' ;;
  upgrade) test "$2" != --packages || exit 0 ;;
  proto) test "$2" != upgrade || exec '{python}' -m gfplug "$@" --python '{python}' ;;
esac
exec '{python}' -m gfplug "$@"
""",
    "python": """exec '{python}' "$@"\n""",
    # gfplug is not installed, so that this checkout is tested; tests/generated/test_second_person.py installs it
    "pip": """\
case "$*" in
  "install uv ./vendor/gfplug-"*.whl) test -f "$3" ;;
  *) echo "pip $*" >&2; exit 1 ;;
esac
""",
    "python3": """\
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && : > "$3/bin/activate" ;;
  *) echo "python3 $*" >&2; exit 1 ;;
esac
""",
    # without Docker: the test reads the compose file
    "docker": """test "$*" = "compose up" && exec '{python}' '{here}/compose.py'\n""",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """A script's exit code, and its output on both streams."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs a page's commands as if they were typed."""

    tools: Path

    def run(self, script: str, folder: Path) -> Ran:
        """Run a script to its end, and end its background processes."""
        path = os.pathsep.join([str(self.tools), os.environ["PATH"]])
        typed = {key: value for key, value in os.environ.items() if key != "CI"}
        with (self.tools / "log").open("w+b") as log:
            running = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", script.replace("\n$ ", "\n").removeprefix("$ ")],
                cwd=folder,
                env={**typed, "HOME": str(self.tools), "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                code = running.wait(300)
            finally:
                _end(running.pid)
            log.seek(0)
            return Ran(code, log.read().decode(errors="replace"))


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return an interpreter with only a new project's requirements; bundles are made with it."""
    return shared(run_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory, packages: str) -> Shell:
    """Return a shell with all programs that the pages use."""
    folder = tmp_path_factory.mktemp("tools")
    for name, script in STAND_INS.items():
        text = script.format(python=sys.executable, packages=packages, here=HERE, quick_archive=quick_archive.__file__)
        (folder / name).write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        (folder / name).chmod(0o755)
    return Shell(folder)


@pytest.fixture(scope="session")
def quickstart(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    """Run the README's first commands; the other commands run in the project that these make."""
    (block,) = (block for block in blocks() if block.key == QUICKSTART)
    folder = tmp_path_factory.mktemp("quickstart")
    return folder / "acme-sales-datasource", shell.run(block.text, folder)


@pytest.fixture(scope="session")
def project(quickstart: tuple[Path, Ran]) -> Path:
    """Return the project of the quickstart, built."""
    folder, ran = quickstart
    assert ran.code == 0, ran.output
    return folder


@pytest.fixture(scope="session")
def fresh(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project to copy."""
    folder = tmp_path_factory.mktemp("fresh")
    ran = shell.run("gfplug new acme-block project --defaults --offline", folder)
    assert ran.code == 0, ran.output
    return folder / "project"


@pytest.fixture
def copy(fresh: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may change; a changed original would be built again."""
    return Path(shutil.copytree(fresh, tmp_path / "project"))
