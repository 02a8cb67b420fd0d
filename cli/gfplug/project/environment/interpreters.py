"""Python interpreters: the one that runs gfplug, those on the PATH, and the properties of each."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.errors import ToolError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 15)
"""The newest version with wheels of pyarrow 26, grpcio 1.85, msgspec 0.22; PyInstaller 6.22 refuses newer ones."""

SUPPORTED_PYTHONS = ">={}.{},<{}.{}".format(*OLDEST_PYTHON, NEWEST_PYTHON[0], NEWEST_PYTHON[1] + 1)
"""`requires-python` of a new project."""

_PROBE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """An interpreter's properties; `missing` are the requested names that it does not have."""

    path: Path
    version: tuple[int, ...]
    has_libpython: bool
    is_free_threaded: bool
    missing: tuple[str, ...]

    def __str__(self) -> str:
        """Return the version, with a `t` for a free-threaded build, and the path."""
        return f"Python {'.'.join(map(str, self.version))}{'t' if self.is_free_threaded else ''} at {self.path}"

    @property
    def defect(self) -> str:
        """Describe a defect that prevents a build and that no package can mend; empty if there is none."""
        if self.is_free_threaded:
            return "is free-threaded, and grpcio has no wheels for such builds"
        return "" if self.has_libpython else "has no shared libpython"


def probe(python: Path, *, distributions: Sequence[str] = (), modules: Sequence[str] = ()) -> Interpreter:
    """Ask an interpreter for its properties, and which distributions or modules it lacks.

    Raises: ToolError if the interpreter is missing or does not run.
    """
    question = ["modules", *modules] if modules else ["distributions", *distributions]
    output = process.run(
        [python, "-I", "-B", Path(__file__).with_name("probe.py"), *question],
        env=clean_environment(),
        what=f"the interpreter {python}",
        hint="name a Python interpreter with --python, or omit --python to use the project's .venv",
        timeout=_PROBE_SECONDS,
    )
    try:
        report = documents.parse_json(output.strip().splitlines()[-1])
        return Interpreter(
            path=python,
            version=tuple(report["version"]),
            has_libpython=report["libpython"],
            is_free_threaded=report["free_threaded"],
            missing=tuple(report["missing"]),
        )
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ToolError(f"{python} is not a Python interpreter", details=output[-2000:]) from error


def running() -> Path:
    """Return the interpreter that runs gfplug: in a virtual environment, the interpreter that it is based on."""
    return Path(getattr(sys, "_base_executable", sys.executable))


def on_path() -> Iterator[Path]:
    """Yield the Pythons on the PATH, each once, except the one that runs gfplug and those of virtual environments."""
    names = ["python3", *(f"python3.{minor}" for minor in range(OLDEST_PYTHON[1], NEWEST_PYTHON[1] + 1))]
    folders = [Path(folder) for folder in os.get_exec_path() if os.path.isabs(folder)]  # noqa: PTH117 - it is text
    programs = {running().resolve()}
    for program in (folder / name for folder in folders for name in names):
        if os.access(program, os.X_OK) and not program.parent.with_name("pyvenv.cfg").exists():
            if program.resolve() not in programs:
                yield program
            programs.add(program.resolve())


def clean_environment() -> dict[str, str]:
    """Return this process's environment without variables that mislead another interpreter; its output is UTF-8."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
    variables = {name: value for name, value in os.environ.items() if name not in astray}
    return {
        **variables,
        "PYTHONIOENCODING": "utf-8",
    }  # `process.run` reads UTF-8; Windows has code pages
