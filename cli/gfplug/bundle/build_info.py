"""`info.build` in plugin.json: the commit and the time, the same for everybody who builds the commit.

Source: grafana/grafana, docs/sources/developers/plugins/plugin.schema.json, info.build.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gfplug.bundle import packing
from gfplug.untrusted import repository

if TYPE_CHECKING:
    from pathlib import Path

_SCP = re.compile(r"(?:[\w.+-]+@)?([\w.-]{2,}):(?![/\\])(\S+)", re.ASCII)  # git@host:path, which is not a URL
_PATH = re.compile(r"/[\w./~+%-]+", re.ASCII)
_HOST = re.compile(r"[\w.-]+", re.ASCII)
_SSH = {"ssh", "git", "git+ssh"}
_MS = 1000
_log = logging.getLogger("gfplug")


def build_info(folder: Path) -> dict[str, Any]:
    """Return `time`, `repo` and `hash` of a project's build, each if it is known.

    One commit may be on several branches, and its archives must be equal, so no branch is included. A project with
    uncommitted changes has no `hash`.
    Units: `time` is milliseconds since 1970: SOURCE_DATE_EPOCH, else the time of the project's last commit.
    Raises: UsageError if SOURCE_DATE_EPOCH is not a number of seconds.
    """
    seconds, committed = packing.epoch(), repository.date_of(folder)
    time = committed if seconds == packing.EPOCH else seconds
    info: dict[str, Any] = {} if time is None else {"time": time * _MS}
    if committed is None:  # no commit contains the project: the repository around it belongs to another project
        return info
    if address := public_address(repository.origin(folder)):
        info["repo"] = address
    if repository.find_uncommitted(folder, repository.list_files(folder) or []):
        _log.info("The project has uncommitted changes, so plugin.json names no commit")
        return info
    return {**info, "hash": repository.head(folder)}


def public_address(origin: str) -> str:
    """Return the URL of a repository for a browser, without user, password and query; empty if it is not on a server.

    >>> public_address("git@github.com:acme/sales.git")
    'https://github.com/acme/sales'
    """
    if not (match := _SCP.fullmatch(origin)) or "://" in origin:
        try:
            parts = urlsplit(origin)
            host, port, path, scheme = parts.hostname or "", parts.port, parts.path, parts.scheme
        except ValueError:
            return ""
    else:
        host, port, path, scheme = match[1], None, f"/{match[2]}", "ssh"
    if scheme not in {"http", "https", *_SSH} or not _HOST.fullmatch(host) or not _PATH.fullmatch(path):
        return ""
    where = f":{port}" if port and scheme not in _SSH else ""
    return f"{'http' if scheme == 'http' else 'https'}://{host}{where}{path.rstrip('/').removesuffix('.git')}"
