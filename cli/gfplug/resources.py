"""The files that gfplug ships: beside the package in an installed gfplug, else in the checkout."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from types import ModuleType
from zipfile import ZipFile

_PACKAGE = Path(__file__).parent
_DATA = _PACKAGE / "_data"
_RUNTIME = "gfruntime"


def checkout() -> Path | None:
    """Return the checkout that this gfplug runs from; None if it is installed.

    An editable install leaves an old `_data` in site-packages, but the package is imported from the checkout, so that
    copy is never seen.
    """
    return None if _DATA.is_dir() else _PACKAGE.parent.parent


def folder(name: str) -> Path:
    """Return a shipped folder: `template` or `proto`."""
    return (checkout() or _DATA) / name


def runtime_wheel() -> Path:
    """Return the wheel of the runtime that an installed gfplug carries."""
    return next(_DATA.glob(f"{_RUNTIME}-*.whl"))


def runtime_source(name: str) -> str:
    """Return the source of one of the runtime's modules, by its path in the package."""
    if here := checkout():
        return (here / "runtime" / _RUNTIME / name).read_text(encoding="utf-8")
    with ZipFile(runtime_wheel()) as wheel:
        return wheel.read(f"{_RUNTIME}/{name}").decode()


@functools.cache
def runtime_module(name: str) -> ModuleType:
    """Load one file of the runtime without its package; the file may import only the standard library."""
    module = ModuleType(f"gfplug_{name.replace('/', '_').removesuffix('.py')}")
    sys.modules[module.__name__] = module  # dataclasses look up their module
    exec(compile(runtime_source(name), name, "exec"), module.__dict__)  # noqa: S102 - it is a file of ours
    return module


def is_published() -> bool:
    """Return whether the release workflow built this gfplug, so that an index has it."""
    return checkout() is None and (_DATA / "published").is_file()
