"""The command that installs what a machine lacks, with its package manager.

Debian and Ubuntu package the shared libpython and ensurepip separately from Python; other systems include both.

Source: Debian 12's libpython3.11 and python3.11-venv; Ubuntu 24.04's libpython3.12t64; Fedora's python3-libs, which the
main executable uses; openSUSE's python311-base, which requires libpython3_11-1_0; Alpine's python3 (--enable-shared).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gfplug.project.environment.interpreters import Interpreter

_INSTALL = {
    "apt-get": "apt-get install",
    "dnf": "dnf install",
    "zypper": "zypper install",
    "apk": "apk add",
    "pacman": "pacman -S",
    "brew": "brew install",
}
_PYTHON = {
    "dnf": "python{0}.{1}",
    "zypper": "python{0}{1}",
    "apk": "python3",
    "pacman": "python",
    "brew": "python@{0}.{1}",
}
_APT = "apt-get"
_RENAMED = {"3.12": "libpython3.12t64"}  # renamed when Debian and Ubuntu changed to 64-bit times


def install(*packages: str) -> str:
    """Return the command that installs packages; empty without packages, or with an unknown package manager."""
    manager = _manager()
    return f"{_INSTALL[manager]} {' '.join(packages)}" if manager and packages else ""


def with_libpython(static: Sequence[Interpreter], version: tuple[int, int]) -> str:
    """Return the package that provides a Python with a shared libpython.

    `static` are the Pythons without one: Debian's packages complete only Debian's own Pythons. On other systems, return
    the package of a Python of this minor version. Return an empty text if there is no package.
    """
    manager = _manager()
    if manager == _APT:
        own = ("{}.{}".format(*each.version) for each in static if _is_the_systems(each))
        return next((_RENAMED.get(minor, f"libpython{minor}") for minor in own), "")
    return _PYTHON.get(manager, "").format(*version)


def with_venv(interpreter: Interpreter) -> str:
    """Return the package with which an interpreter can create virtual environments; empty if there is none."""
    if _manager() != _APT or not _is_the_systems(interpreter):
        return ""
    return "python{}.{}-venv".format(*interpreter.version)


def is_pyenvs(interpreter: Interpreter) -> bool:
    """Tell whether pyenv built an interpreter."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return interpreter.path.resolve().is_relative_to(root.resolve())


def _manager() -> str:
    return next((name for name in _INSTALL if shutil.which(name)), "")


def _is_the_systems(interpreter: Interpreter) -> bool:
    return interpreter.path.resolve().parent in {Path("/usr/bin"), Path("/bin")}
