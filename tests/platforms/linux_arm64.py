"""Linux arm64 under emulation: the whole journey in a Debian that qemu runs, then checks of an archive.

    sudo .venv/bin/python tests/platforms/linux_arm64.py [--folder FOLDER]

Needs root, Debian or Ubuntu on another processor than arm64, and Go. Installs qemu-user-static, binfmt-support and
debootstrap with apt-get where they are missing, and keeps the Debian in FOLDER, by default below the user's cache
folder: later runs start there. Prints one JSON line for each step and exits with 1 if one failed. It takes a quarter
of an hour, the first time ten minutes more: emulation is slow.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from debian import TOOLS, Debian, emulation, install_tools, run
from elftools.elf.elffile import ELFFile
from platformdirs import user_cache_path
from report import Report

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
PAGE = 65536
"""Bytes of the largest memory page that an arm64 kernel may have."""

_OPT = "/opt/gfplug"
_JOURNEY = "/srv/journey"
_PYTHON = f"{_OPT}/venv/bin/python"
_TESTS = ("platforms/*.py", "conformance/hostclient.py", "conformance/messages.py")


class Machine:
    """The emulated machine and its files."""

    def __init__(self, debian: Debian) -> None:
        """Use a system that may not exist yet."""
        self.debian = debian
        self.opt = debian.root / _OPT.lstrip("/")
        self.journey = debian.root / _JOURNEY.lstrip("/")

    def bring(self) -> str:
        """Build the wheels of gfplug and its runtime from this checkout, compile the host, and copy the scripts."""
        wheels = self.opt / "wheels"
        for folder in (wheels, self.opt / "tests", self.journey):
            shutil.rmtree(folder, ignore_errors=True)
        wheels.mkdir(parents=True)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels)]
        run([*pip, str(ROOT), str(ROOT / "runtime")])
        for pattern in _TESTS:
            for path in (ROOT / "tests").glob(pattern):
                copy = self.opt / "tests" / path.relative_to(ROOT / "tests")
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        target = ("env", "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0", "go", "-C", str(ROOT / "tests" / "conformance"))
        run([*target, "build", "-buildvcs=false", "-o", str(self.opt / "host"), "./host"])
        return ", ".join(sorted(path.name for path in wheels.iterdir()))

    def install(self) -> str:
        """Install gfplug inside, into an environment that is kept."""
        wheel = f"{_OPT}/wheels/{next((self.opt / 'wheels').glob('gfplug-*.whl')).name}"
        if not (self.opt / "venv" / "bin" / "pip").exists():
            self.debian.run("python3", "-m", "venv", f"{_OPT}/venv")
        self.debian.run(_PYTHON, "-m", "pip", "install", "--quiet", wheel)
        self.debian.run(_PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", wheel)
        return self.debian.run(
            _PYTHON, "-c", "import platform; print(platform.platform(), platform.python_version())"
        ).strip()

    def script(self, name: str) -> str:
        """Run one of this folder's scripts inside; its lines are printed at once.

        Raises: CalledProcessError if a step failed.
        """
        options = ("--host", f"{_OPT}/host", "--folder", _JOURNEY, "--patience", "3600")
        command = self.debian.command(_PYTHON, "-u", f"{_OPT}/tests/platforms/{name}", *options)
        subprocess.run(["nice", "-n", "5", *command], stdin=subprocess.DEVNULL, check=True, timeout=4 * 3600)
        return "all steps are well"

    def archive(self) -> Path:
        """Return the latest archive.

        Raises: FileNotFoundError without one.
        """
        archives = sorted((self.journey / "project" / "artifacts").glob("*.linux_arm64.zip"))
        if not archives:
            raise FileNotFoundError("no archive for linux_arm64 was built")
        return archives[0]


def merge(machine: Machine) -> str:
    """Build the same project on this machine, and merge the two archives."""
    gfplug = [sys.executable, "-m", "gfplug"]
    with tempfile.TemporaryDirectory(prefix="gfplug-merge-") as name:
        project, merged = Path(name) / "project", Path(name) / "merged.zip"
        leave_out = shutil.ignore_patterns(".venv", "dist", "artifacts", "build")
        shutil.copytree(machine.journey / "project", project, ignore=leave_out, symlinks=True)
        run([*gfplug, "build", str(project)])
        (own,) = (project / "artifacts").glob("*.linux_amd64.zip")
        run([*gfplug, "merge", str(own), str(machine.archive()), "--output", str(merged)])
        with zipfile.ZipFile(merged) as archive:
            programs = {Path(entry).name for entry in archive.namelist() if Path(entry).name.startswith("gpx_")}
        expected = {"gpx_sales_linux_amd64", "gpx_sales_linux_arm64"}
        if not expected <= programs:
            raise ValueError(f"the merged archive holds {sorted(programs)}")
        return f"{merged.stat().st_size} bytes, {', '.join(sorted(programs))}"


def check_alignment(archive: Path) -> str:
    """Check that a kernel with pages of 64 KiB can load every ELF file of an archive.

    Raises: ValueError with the names of those that it can't load, or if there are no ELF files.
    """
    count, wrong = 0, []
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            content = opened.read(name)
            if content.startswith(b"\x7fELF"):
                count += 1
                wrong += [f"{name}: {bad}" for bad in alignment_faults(content)]
    if wrong or not count:
        raise ValueError(f"{count} ELF files; {'; '.join(wrong)}")
    return f"{count} ELF files of {archive.name} are for arm64, their segments aligned to {PAGE} bytes"


def alignment_faults(content: bytes) -> list[str]:
    """List the problems of an ELF file."""
    elf = ELFFile(BytesIO(content))
    aligned = [segment["p_align"] for segment in elf.iter_segments("PT_LOAD")]
    faults = [f"a segment is aligned to {size} bytes" for size in aligned if size % PAGE]
    return faults if elf["e_machine"] == "EM_AARCH64" else [*faults, f"it is for {elf['e_machine']}"]


def steps(report: Report, machine: Machine) -> None:
    """Run all steps that follow the tools; the Debian and gfplug in it are needed by all others."""
    system = machine.journey.parent / "system.zip"

    def keep() -> str:
        shutil.copyfile(machine.archive(), system)
        return check_alignment(system)

    if not (
        report.step("Debian", machine.debian.put_up)
        and report.step("wheels, host", machine.bring)
        and report.step("install", machine.install)
    ):
        return
    machine.journey.mkdir(exist_ok=True)
    report.step("journey", lambda: machine.script("journey.py"))
    report.step("alignment", keep)
    report.step("bundled libc", lambda: machine.script("bundled.py"))
    report.step("bundled: alignment", lambda: check_alignment(machine.archive()))
    report.step("merge", lambda: merge(machine))


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, run all steps, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = user_cache_path("gfplug-platforms") / "linux_arm64"
    parser.add_argument("--folder", type=Path, default=default, help=f"where the system stays (default: {default})")
    options = parser.parse_args(arguments)
    if platform.machine() in {"aarch64", "arm64"} or sys.platform != "linux" or os.geteuid():
        parser.error("needs root on a Linux that is not arm64; there, run journey.py itself")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that the setup is removed
    report = Report()
    if report.step("tools", lambda: install_tools(TOOLS)):
        with emulation():
            steps(report, Machine(Debian(options.folder.resolve() / "root")))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
