"""Tell whether gfplug has used an environment before: other environments run only if the user's command asks for it.

`check` and `doctor` promise to run no code of a project that was not built here. The environment and the user's cache
share a secret that no project can contain.
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
    """Tell whether an environment is recorded as gfplug's, on this machine and by this user."""
    try:
        return documents.read_bytes(folder / _WORD) == documents.read_bytes(_record(folder))
    except (OSError, ProjectError):
        return False


def record(folder: Path) -> None:
    """Record that an environment is gfplug's, because the user's command runs this environment."""
    if not is_own(folder):
        word = secrets.token_hex(16).encode()
        with contextlib.suppress(OSError):  # then `check` reports that it did not run the environment
            files.write_atomic(_record(folder), word)
            files.write_atomic(folder / _WORD, word)


def _record(folder: Path) -> Path:
    import platformdirs  # noqa: PLC0415 - few commands need it

    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
    return platformdirs.user_cache_path("gfplug") / "environments" / name
