"""`make pythons`: the quick tests, and a generated project, on every Python that gfplug supports.

The Pythons come from the PATH, as in `PYENV_VERSION=3.11.7:3.12.1:3.13.0 make pythons`; none is downloaded. The
summary names a missing Python, which is a failure unless PYTHONS_MAY_BE_MISSING is set.
"""

import os
import sys
import tempfile
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "cli"))

from gfplug.project.environment.interpreters import NEWEST_PYTHON, OLDEST_PYTHON  # noqa: E402 - after the path to it

TESTS = ("tests/cli", "tests/runtime")
PYTHONS = [f"3.{minor}" for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1)]

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|venv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = not os.environ.get("PYTHONS_MAY_BE_MISSING")
nox.options.envdir = ROOT / "build/pythons"
nox.options.reuse_existing_virtualenvs = True


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """Run the tests of `make unit` and the slow tests of the same folders, or the tests after `--`."""
    _install(session)
    session.run("python", "-m", "pytest", "--quiet", "--numprocesses=2", *(session.posargs or TESTS))


@nox.session(python=PYTHONS)
def project(session: nox.Session) -> None:
    """Create a project, build it, send it a query, and run its linter, type checker and tests."""
    _install(session)
    with tempfile.TemporaryDirectory(prefix="gfplug-pythons-") as name:
        folder = Path(name, "project")
        session.run("gfplug", "new", "signals", folder, "--org", "demo", "--defaults")
        session.run("gfplug", "build", folder)
        session.run("gfplug", "call", "query", folder / "dist")
        python = folder / ".venv/bin/python"
        session.run("uv", "pip", "install", "--quiet", "--python", python, "--editable", f"{folder}[dev]")
        session.chdir(folder)
        for words in (["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["pytest", "-q", "-W", "error"]):
            session.run(python, "-m", *words, external=True)


def _install(session: nox.Session) -> None:
    session.chdir(ROOT)
    session.install("--quiet", "--editable", ".[dev]", "--editable", "runtime")
