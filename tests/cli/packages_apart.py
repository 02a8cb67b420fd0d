"""Importing packages whose names are not unique: each project has a package `plugin`, and some have `upstream`."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def packages_from(folder: Path) -> Iterator[None]:
    """Import `plugin` and `upstream` from a folder even if others are imported, and remove them afterwards."""
    others = {name: sys.modules.pop(name) for name in _names()}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in _names():
            del sys.modules[name]
        sys.modules.update(others)


def _names() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] in {"plugin", "upstream"}]
