"""A snapshot of a project's files, for `gfplug preview`: each save changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gfplug import resources
from gfplug.bundle.frontend import npm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from gfplug.bundle.browser_files import SourceFiles

Snapshot = dict[str, tuple[int, int]]
"""Maps the path of a file to the time of its last change, in nanoseconds, and its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSnapshot:
    """The files of a project, by the part to which they belong."""

    source: Snapshot
    frontend: Snapshot
    provisioning: Snapshot


def take_snapshot(files: SourceFiles, provisioning: Sequence[Path]) -> ProjectSnapshot:
    """Read the state of a project's files, and of the files in its folders `provisioning/`."""
    watch = resources.runtime_module("dev/watch.py")
    project, frontend = files.project, files.frontend
    if frontend is None:
        page: Snapshot = watch.snapshot(project.root / "frontend")
    else:
        outputs = [frontend.output / "module.js"] if files.is_adopted else []
        page = _states([*npm.list_sources(frontend), *outputs])
    provisioned: Snapshot = {}
    for folder in provisioning:
        provisioned |= watch.snapshot(folder)
    return ProjectSnapshot(
        source=watch.snapshot(project.source),
        frontend=page | _states([project.root / "plugin.json"]),
        provisioning=provisioned,
    )


def _states(paths: Iterable[Path]) -> Snapshot:
    states: Snapshot = {}
    for path in paths:
        try:
            stat = path.stat()
        except OSError:
            continue
        states[str(path)] = (stat.st_mtime_ns, stat.st_size)
    return states
