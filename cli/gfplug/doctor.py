"""`gfplug doctor` as a service: is this machine able to build and start plugins, and if not, what is missing."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import process
from gfplug.bundling import environment
from gfplug.edits import journal
from gfplug.errors import GfplugError, ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gfplug.project import Project

_ROOM = 2_000_000_000  # an environment, a frozen plugin twice, and an archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One thing that was looked at: `is_good`, what was seen, and what to do if it is not good."""

    name: str
    is_good: bool
    seen: str
    remedy: str = ""

    def to_json(self) -> dict[str, str | bool]:
        """Return it as `gfplug doctor --json` prints it."""
        return asdict(self)


def examine(project: Project | None, *, folder: Path) -> list[Examined]:
    """Look at the machine, its tools, and the project if there is one."""
    found = [_python(), _libpython(), _freezing(), _libc(), _room(folder), _git(), *_optional()]
    if project:
        found += [
            _unfinished(project),
            _guard("environment", lambda: _environment(project)),
            _guard("owned folders", lambda: _owned(project)),
        ]
    return found


def _guard(name: str, look: Callable[[], Examined]) -> Examined:
    try:
        return look()
    except GfplugError as error:
        return Examined(name=name, is_good=False, seen=error.message, remedy=error.hint)


def _python() -> Examined:
    oldest = ".".join(map(str, environment.OLDEST_PYTHON))
    return Examined(
        name="Python",
        is_good=sys.version_info >= environment.OLDEST_PYTHON,
        seen=f"{platform.python_version()} at {sys.executable}",
        remedy=f"install Python {oldest} or newer",
    )


def _libpython() -> Examined:
    base = Path(getattr(sys, "_base_executable", sys.executable))
    try:
        has_one = environment.probe(base).has_libpython
    except ToolError as error:
        return Examined(name="libpython", is_good=False, seen=error.message, remedy=error.hint)
    return Examined(
        name="libpython",
        is_good=has_one,
        seen="shared" if has_one else "static only",
        remedy="Debian: install libpython3-dev; pyenv: PYTHON_CONFIGURE_OPTS=--enable-shared; or `uv python install`",
    )


def _freezing() -> Examined:
    if sys.platform != "linux":
        return Examined(name="objcopy", is_good=True, seen="not needed here")
    found = shutil.which("objcopy")
    return Examined(
        name="objcopy",
        is_good=bool(found),
        seen=found or "not found: PyInstaller needs it on Linux",
        remedy="install binutils",
    )


def _libc() -> Examined:
    name, version = platform.libc_ver()
    if sys.platform != "linux":
        return Examined(name="C library", is_good=True, seen=platform.platform())
    return Examined(
        name="C library",
        is_good=name == "glibc",
        seen=f"{name or 'not glibc'} {version}: the newest that a bundle made here can ask for",
        remedy="build on a Linux with glibc: musl has no wheels for some packages, and Grafana's hosts have glibc",
    )


def _room(folder: Path) -> Examined:
    place = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(place).free
    try:
        with tempfile.TemporaryFile(dir=place):
            writable = True
    except OSError:
        writable = False
    return Examined(
        name="disk",
        is_good=writable and free > _ROOM,
        seen=f"{free / 1e9:.1f} GB free, {'writable' if writable else 'not writable'}, at {place}",
        remedy="a first build takes about 2 GB",
    )


def _git() -> Examined:
    found = shutil.which("git")
    return Examined(
        name="git", is_good=bool(found), seen=found or "not found", remedy="upgrades merge with it; install git"
    )


def _optional() -> Iterator[Examined]:
    for name, purpose in (("uv", "makes environments faster"), ("go", "finds the module cache and proxy")):
        found = shutil.which(name)
        yield Examined(name=name, is_good=True, seen=found or f"not found; it {purpose}, and is not needed")


def _unfinished(project: Project) -> Examined:
    is_interrupted = journal.is_interrupted(project.root)
    return Examined(
        name="upgrades",
        is_good=not is_interrupted,
        seen="one was interrupted" if is_interrupted else "none is unfinished",
        remedy="finish it: gfplug upgrade",
    )


def _environment(project: Project) -> Examined:
    python = environment.interpreter_of(project.root / ".venv")
    if not python.exists():
        return Examined(name="environment", is_good=True, seen="no .venv yet; `gfplug build` makes it")
    found = environment.probe(python, distributions=environment.requirements(project))
    version = process.run([python, "--version"], timeout=30.0).strip()
    return Examined(
        name="environment",
        is_good=not found.missing,
        seen=f"{version} in .venv" + (f", without {', '.join(found.missing)}" if found.missing else ""),
        remedy="`gfplug build` installs them",
    )


def _owned(project: Project) -> Examined:
    changed = project.changed_owned()
    return Examined(
        name="owned folders",
        is_good=not changed,
        seen=f"{len(changed)} files differ from gfplug.lock" if changed else "as gfplug.lock has them",
        remedy="restore them from version control",
    )
