"""Whether gfplug has used an environment here before: one that came with a stranger's project is not run unasked.

`check` and `doctor` promise to run nothing of a project that nobody built. The environment and the user's cache share a
word that no project can bring along.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.errors import ProjectError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from pathlib import Path

_WORD = "gfplug-word"


def is_own(folder: Path) -> bool:
    """Tell whether an environment was noted as gfplug's, on this machine and by this user."""
    try:
        return documents.read_bytes(folder / _WORD) == documents.read_bytes(_record(folder))
    except (OSError, ProjectError):
        return False


def note(folder: Path) -> None:
    """Note that an environment is gfplug's, for a command that the user gave to run it."""
    if not is_own(folder):
        word = secrets.token_hex(16).encode()
        with contextlib.suppress(OSError):  # then `check` says that it has not looked
            files.write_atomic(_record(folder), word)
            files.write_atomic(folder / _WORD, word)


def _record(folder: Path) -> Path:
    import platformdirs  # noqa: PLC0415 - few commands need it

    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
    return platformdirs.user_cache_path("gfplug") / "environments" / name
