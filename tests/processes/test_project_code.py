"""The commands that run a project's code: SECURITY.md promises that other commands don't."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from commands import Ended, commit, run
from projects import new_project

from gfplug.project.environment import ownership, package_lock
from gfplug.project.plugin_project import Project

SECURITY = Path(__file__).parents[2] / "SECURITY.md"
GFPLUG = Path(sys.executable).with_name("gfplug")
PYTHON_FILES = (
    *("src/plugin/datasource.py", "src/plugin/__init__.py", "src/plugin/__main__.py", "plugin.spec"),
    *("tests/conftest.py", "tests/test_datasource.py", "conftest.py", "setup.py", "sitecustomize.py", "typing.py"),
)
MARK = "code-ran"
SLOWEST_S = 60.0
NOT_RUN = {
    "check": ["check", "--strict"],
    "check --static": ["check", "--static"],
    "deploy": ["deploy"],
    "doctor": ["doctor"],
    "proto list": ["proto", "list"],
    "proto show": ["proto", "show"],
    "proto diff": ["proto", "diff"],
    "proto verify": ["proto", "verify"],
    "proto upgrade --no-tests": ["proto", "upgrade", "--to", "v0.296.0", "--no-tests", "--force", "--offline"],
    "rename": ["rename", "acme-orders"],
    "sign": ["sign"],
    "upgrade": ["upgrade"],
}
RUN = {
    "build": ["build", "--python", sys.executable],
    "call": ["call", "query", "--python", sys.executable],
    "check --alerts": ["check", "--alerts", "--python", sys.executable],
    "check --dashboards FILE": ["check", "--dashboards", "board.json", "--python", sys.executable],
    "dev": ["dev", "--python", sys.executable],
    "preview": ["preview", "--no-open", "--python", sys.executable],
    "proto upgrade": ["proto", "upgrade", "--to", "v0.296.0", "--force", "--offline"],
    "release": ["release", "--dry-run", "--python", sys.executable],
    "upgrade --packages": ["upgrade", "--packages"],
}
RUN_AFTER_AN_INSTALLATION = ["upgrade --data frontend=react"]  # this one needs an index: tests/generated runs it
BACKEND = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the planted interpreter is a shell script")


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project whose code leaves a mark if it runs: modules, tests, interpreter, JavaScript."""
    project = new_project(tmp_path_factory.mktemp("planted") / "acme-sales-datasource")
    for name in PYTHON_FILES:
        path = project / name
        path.write_text(f'open(r"{{mark}}", "a").write("{name}\\n")\n' + (path.read_text() if path.exists() else ""))
    (project / "frontend" / "hooks.js").write_text("require('fs').appendFileSync('{mark}', 'hooks.js\\n');\n")
    python = project / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho .venv >>"{mark}"\nexit 1\n')
    python.chmod(0o755)
    (project / ".venv" / "pyvenv.cfg").touch()
    client = project / "client"  # a dependency without a wheel: reading its requirements runs its build backend
    client.mkdir()
    (client / "pyproject.toml").write_text(BACKEND)
    (client / "backend.py").write_text('open(r"{mark}", "a").write("backend\\n")\n')
    return project


def copy(planted: Path, folder: Path) -> tuple[Path, Path]:
    """Copy the project; return the copy, and the file in which its code leaves marks."""
    project, mark = folder / planted.name, folder / MARK
    shutil.copytree(planted, project)
    for name in (*PYTHON_FILES, "frontend/hooks.js", ".venv/bin/python", "client/backend.py"):
        (project / name).write_text((project / name).read_text().replace("{mark}", str(mark)))
    (project / "board.json").write_text("{}")
    commit(project)
    return project, mark


def require_client(project: Path) -> None:
    """Add the dependency without a wheel, and a lock of packages, which `upgrade` renews and `release` needs."""
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text().replace("dependencies = [\n", 'dependencies = [\n  "client",\n', 1)
    pyproject.write_text(f'{text}\n[tool.uv.sources.client]\npath = "client"\n')
    tool = Project.find(project)
    package_lock.path_of(tool).write_text(f"# with the checksum {package_lock._digest(package_lock._inputs(tool))}.\n")
    commit(project)


def ask(planted: Path, folder: Path, words: list[str]) -> tuple[Ended, str]:
    """Run a command in a copy of the project; return its end, and the marks that the code left."""
    project, mark = copy(planted, folder)
    if words[0] in {"upgrade", "release"}:
        require_client(project)
    ended = run(GFPLUG, *words, cwd=project)
    return ended, mark.read_text() if mark.exists() else ""


@pytest.mark.parametrize("words", NOT_RUN.values(), ids=list(NOT_RUN))
def test_a_command_runs_nothing_of_the_project(planted: Path, tmp_path: Path, words: list[str]) -> None:
    """The command succeeds, or gives an error with the reason."""
    ended, marks = ask(planted, tmp_path, words)

    assert marks == ""
    assert "Traceback" not in ended.err


def test_an_upgrade_does_not_run_the_python_of_uvs_settings(planted: Path, tmp_path: Path) -> None:
    """The project's pyproject.toml may name one for uv, which renews the lock of packages."""
    project, mark = copy(planted, tmp_path)
    require_client(project)
    pyproject = project / "pyproject.toml"
    pyproject.write_text(f'{pyproject.read_text()}\n[tool.uv.pip]\npython = ".venv/bin/python"\n')
    commit(project)
    ended = run(GFPLUG, "upgrade", cwd=project)

    assert not mark.exists(), mark.read_text()
    assert "requirements-lock.txt" in ended.err


@pytest.mark.parametrize("words", [words for name, words in RUN.items() if name != "preview"], ids=str)
def test_a_command_runs_the_projects_code(planted: Path, tmp_path: Path, words: list[str]) -> None:
    """The planted code leaves a mark, so the test above can fail."""
    assert ask(planted, tmp_path, words)[1] != ""


def test_the_preview_runs_the_projects_code(planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The preview continues if the code fails, so the test ends it."""
    page = tmp_path / "packages" / "gfplug_preview" / "assets" / "13.2.2" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!doctype html>")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
    project, mark = copy(planted, tmp_path)
    with subprocess.Popen([GFPLUG, *RUN["preview"]], cwd=project, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + SLOWEST_S
            while not mark.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
        finally:
            process.send_signal(signal.SIGINT)

    assert mark.exists()


def test_an_environment_that_gfplug_noted_is_run(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both records must match: gfplug does not run an environment that came with the project."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "forged").mkdir()
    forged = tmp_path / "forged" / planted.name
    shutil.copytree(planted, forged)
    for word in (b"", b"0" * 32):
        (forged / ".venv" / "gfplug-word").write_bytes(word)
        assert not ownership.is_own(forged / ".venv")
    ownership.record(forged / ".venv")

    assert ownership.is_own(forged / ".venv")
    moved = forged.rename(tmp_path / "moved")
    assert not ownership.is_own(moved / ".venv")


def test_security_md_names_the_commands_that_run_the_projects_code() -> None:
    """Each command that may run the project's code is in SECURITY.md's table, and no other."""
    table = re.findall(r"^\| `gfplug ([^`]+)` \|", SECURITY.read_text(encoding="utf-8"), re.MULTILINE)

    assert table == sorted([*RUN, *RUN_AFTER_AN_INSTALLATION])
