"""Databases in files: the path of an address, and whether the file was replaced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gfruntime.errors import QueryError

if TYPE_CHECKING:
    from gfruntime.sql.address import DatabaseAddress

_DRIVE = re.compile(r"/+(?=[A-Za-z]:)")
IDLE_S = 5.0
"""The seconds that an idle file stays open: another program may need to replace it, or write to it."""


def find_path(address: DatabaseAddress) -> str:
    """Return the path of `scheme:/path`, `scheme:path` or `scheme:///C:/path`; empty without a path.

    Raises: QueryError for `scheme://path`, whose path would be a server's name.
    """
    if address.host:
        raise QueryError(
            f"the database's address needs a path after {address.scheme}:, such as {address.scheme}:/path/of/a.db;"
            " what follows two slashes is a server"
        )
    path = _DRIVE.sub("", address.path, count=1) if _DRIVE.match(address.path) else address.path
    return f"/{path.lstrip('/')}" if path.startswith("//") else path


class Identity(NamedTuple):
    """The identity and state of the file at a path: `size` in bytes, `modified` in nanoseconds since 1970."""

    device: int
    number: int
    size: int
    modified: int

    @classmethod
    def of_path(cls, path: str) -> Identity | None:
        """Read the state; None if there is no file."""
        try:
            status = Path(path).stat()
        except OSError:
            return None
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
