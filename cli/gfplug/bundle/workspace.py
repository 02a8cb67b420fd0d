"""The folder of a build's unfinished files: `artifacts/.build`, for one build at a time.

It is in the project, so that finished files can be moved into place, on the same disk, in one step.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gfplug import files
from gfplug.edits import mutex
from gfplug.errors import GfplugError, ProjectError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EROFS, errno.EACCES, errno.EPERM}
_BLOCKED = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}


@contextmanager
def open_folder(artifacts: Path) -> Iterator[Path]:
    """Yield a folder below `artifacts` and remove it after the block; first remove the files of a killed build.

    Raises: ProjectError if another build is running or nothing can be written; ToolError if the disk is full.
    """
    folder = artifacts / ".build"
    with convert_os_errors(artifacts):
        if not artifacts.exists():
            artifacts.mkdir(exist_ok=True)
            files.let_grafana_read(artifacts)
        with mutex.hold(artifacts / ".lock", what=f"build of {artifacts.parent}"):
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)


def make_empty(folder: Path) -> Path:
    """Remove the content of the folder, and return a new folder in it.

    The new folder has a unique name, because a program of a killed build may still write to the old folder.
    """
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder))


@contextmanager
def convert_os_errors(place: Path) -> Iterator[None]:
    """Convert errors of the operating system while writing into sentences.

    Raises: ProjectError if a path is not writable, ToolError for a full disk, even if another program reported it.
    """
    try:
        yield
    except OSError as error:
        where = error.filename or place
        if error.errno in _FULL:
            raise ToolError(f"the disk is full: {where}", hint="make room, then run it again") from error
        if error.errno not in _FORBIDDEN | _BLOCKED:
            raise
        hint = "the project's folder must be writable" if error.errno in _FORBIDDEN else "move it away"
        raise ProjectError(f"cannot write {where}: {error.strerror}", hint=hint) from error
    except GfplugError as error:
        if "No space left on device" in error.details:
            raise ToolError(
                f"the disk is full: {place}", hint="make room, then run it again", details=error.details
            ) from error
        raise
