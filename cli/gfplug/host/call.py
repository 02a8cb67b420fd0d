"""Send requests to a plugin as Grafana would: find the target, make its settings, and start it."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gfplug import sdk
from gfplug.errors import ProjectError, ToolError, UsageError
from gfplug.host import arguments, failures, known_keys, provisioning, timerange
from gfplug.host.convert import Query, QueryAnswer, query_type_of
from gfplug.host.launch import launch
from gfplug.host.output import LateError
from gfplug.host.settings import TOGGLES, Settings
from gfplug.host.target import Target, go_platform
from gfplug.host.variables import interpolate, of_panel
from gfplug.project.environment import venv
from gfplug.project.plugin_project import Manifest, Project
from gfplug.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from gfplug.host.client import RunningPlugin
    from gfplug.host.known_keys import KnownKeys
    from gfplug.host.logs import LogLine, Logs
    from gfplug.host.variable_formats import Variable

_LOG_LEVELS = {"warn": logging.WARNING, "error": logging.ERROR}
_CONTEXT = {"pluginId", "pluginVersion", "endpoint", "dsName", "dsUid", "uname"}  # the same on every line of a request
_log = logging.getLogger("gfplug")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTarget:
    """A plugin to call, and its project, if any; `is_source` means that it runs from the project's source."""

    target: Target
    project: Project | None
    is_source: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """The command line's values for the data source; unparsed texts; the repr hides secrets."""

    file: Path | None = None
    url: str | None = None
    options: Sequence[str] = ()
    secrets: Sequence[str] = field(default=(), repr=False)
    caller: Mapping[str, str] = field(default_factory=dict)
    toggles: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRange:
    """The time range of a query and its resolution, as unparsed texts."""

    start: str = "now-1h"
    end: str = "now"
    interval: str | None = None
    max_data_points: int = 100


def resolve_target(start: Path, *, python: Path | None = None) -> CallTarget:
    """Return the target at a path: an executable, a `dist/` folder, or a project folder, which runs from source.

    Raises: ProjectError if the path is none of these; errors of the creation of the project's environment.
    """
    path = start.absolute()
    if not path.exists():
        raise ProjectError(f"{path} does not exist", hint="name a project, its dist folder, or a plugin's executable")
    if path.is_file():
        return _executable(path, path.parent / "plugin.json")
    if (path / "plugin.json").is_file() and not (path / "gfplug.lock").is_file():
        return _bundle(path)
    project = Project.find(path)
    return CallTarget(target=_source(project, python), project=project, is_source=True)


def settings(call_target: CallTarget, overrides: Overrides) -> Settings:
    """Return the plugin's data source: from a given file or the project's provisioning, overridden by single values.

    Raises: UsageError for a value that cannot be read, ProjectError for a broken provisioning file.
    """
    base = _base(call_target, overrides)
    return replace(
        base,
        url=base.url if overrides.url is None else overrides.url,
        options=arguments.merge(base.options, arguments.assignments(overrides.options, option="--option")),
        secrets={**base.secrets, **arguments.secrets(overrides.secrets)},
        caller={**base.caller, **overrides.caller},
        toggles=tuple(overrides.toggles),
    )


def with_toggles(call_target: CallTarget, toggles: Sequence[str]) -> CallTarget:
    """Return a target for a Grafana with these feature toggles."""
    if not toggles:
        return call_target
    return replace(
        call_target, target=replace(call_target.target, env={**call_target.target.env, TOGGLES: ",".join(toggles)})
    )


def make_query(span: QueryRange, *, model: Mapping[str, Any], now: datetime, ref_id: str = "A") -> Query:
    """Make a query; without an interval, choose a round one that gives about the maximum number of points.

    Raises: UsageError for a time or duration that cannot be read, or a range that ends before it starts.
    """
    start = timerange.moment(span.start, now=now)
    end = timerange.moment(span.end, now=now, is_end=True)
    if start >= end:
        raise UsageError(f"the range ends before it starts: {start.isoformat()} to {end.isoformat()}")
    return Query(
        ref_id=ref_id,
        start=start,
        end=end,
        interval=timerange.duration(span.interval)
        if span.interval is not None
        else timerange.nice_interval(end - start, points=span.max_data_points),
        max_data_points=span.max_data_points,
        model=model,
        query_type=query_type_of(model),
    )


def interpolate_query(query: Query, variables: Mapping[str, Variable], caller: Mapping[str, str]) -> Query:
    """Return a query with the values of a dashboard's variables, and of Grafana's built-in variables, in its texts."""
    values = {**of_panel(query, caller), **variables}
    return replace(query, model=interpolate(query.model, values))


@contextmanager
def plugin(call_target: CallTarget, *, timeout: float) -> Iterator[RunningPlugin]:
    """Run the plugin during a block; its warnings and errors go to gfplug's log, other lines at debug level.

    Log lines about a failed call are also at debug level, because the caller sees the failure in the answer.
    """
    try:
        with launch(call_target.target, timeout=timeout, watch=log_line) as running:
            yield running
            times = running.age_ms(), running.handshake_ms
            _log.info("%s answered after %.0f ms; the handshake took %.0f ms", running.target.name, *times)
    except LateError as error:
        error.hint = "; ".join(filter(None, ["--timeout SECONDS waits longer", error.hint]))
        raise


def gives_keys(call_target: CallTarget, overrides: Overrides) -> bool:
    """Tell whether the command line or the provisioning has any key that may be unknown to the plugin."""
    return bool(overrides.options or overrides.secrets or _provisioned(call_target, overrides))


def require_known(call_target: CallTarget, overrides: Overrides, keys: KnownKeys, *, has_own_frontend: bool) -> None:
    """Refuse keys that neither the plugin nor the project's own frontend reads.

    Raises: UsageError or ProjectError naming the existing keys.
    """
    known_keys.require_typed(keys, options=overrides.options, secrets=overrides.secrets)
    provisioned = _provisioned(call_target, overrides)
    if provisioned and (overrides.file or not has_own_frontend):
        require = known_keys.require if overrides.file else known_keys.require_provisioned
        require(known_keys.of_source(keys, provisioned[1]), place=str(provisioned[0]))


def require_answers(ref_ids: Sequence[str], answers: dict[str, QueryAnswer], logs: Logs | None = None) -> None:
    """Raise ToolError if a query failed or has no answer; the message lists each query with its status and source.

    With logs, the message also names the place in the author's code.
    """
    failed = [
        f"query {answer.ref_id} failed with status {answer.status} ({answer.error_source or 'plugin'}): "
        f"{answer.error or 'no message'}"
        for answer in answers.values()
        if answer.error or answer.status >= 400  # noqa: PLR2004 - HTTP's errors
    ]
    silent = [f"query {ref_id} has no answer: Grafana shows no data" for ref_id in ref_ids if ref_id not in answers]
    if failed or silent:
        message = "; ".join([*failed, *silent])
        variable = "--var NAME=VALUE fills a variable" if " is not filled" in message else ""
        raise ToolError(message, hint=failures.remedy(message) or variable or (logs.hint() if logs else ""))


def log_line(line: LogLine) -> None:
    """Pass a line of a plugin's log to gfplug's log: warnings and errors at their level, others at debug level."""
    own = {key: value for key, value in line.fields.items() if key not in _CONTEXT}
    level = logging.DEBUG if line.repeats_answer else _LOG_LEVELS.get(line.level, logging.DEBUG)
    _log.log(level, "plugin: %s", replace(line, fields=own))
    if line.danger:
        _log.warning("plugin's log: %s", line.danger)


def _source(project: Project, python: Path | None) -> Target:
    manifest = project.manifest
    interpreter = venv.ensure(project, python=python, stages=Stages())
    return Target(
        command=(str(interpreter), "-P", "-m", "plugin"),  # -P: as in a bundle, the current folder is not on the path
        env={"PYTHONPATH": str(project.source)},
        plugin_id=manifest.id,
        plugin_version=project.version,
        proto=project.read_proto(),
    )


def _bundle(folder: Path) -> CallTarget:
    manifest = Manifest.read(folder / "plugin.json")
    suffix = ".exe" if sys.platform == "win32" else ""
    path = Path(os.path.normpath(folder / f"{manifest.executable}_{go_platform()}{suffix}"))
    if not path.is_file():
        others = ", ".join(sorted(other.name for other in folder.glob(f"{Path(manifest.executable).name}_*")))
        raise ProjectError(
            f"{folder} has no {path.name}, which Grafana would start on this machine",
            hint=f"it has {others}" if others else "build it with `gfplug build`",
        )
    return _executable(path, folder / "plugin.json")


def _executable(path: Path, manifest_path: Path) -> CallTarget:
    manifest = Manifest.read(manifest_path) if manifest_path.is_file() else None
    version = (manifest.content.get("info") or {}).get("version", "") if manifest else ""
    target = Target(
        command=(str(path),),
        plugin_id=manifest.id if manifest else path.stem,
        plugin_version=str(version),
        proto=sdk.fetch(sdk.default(), offline=True).text,
    )
    return CallTarget(target=target, project=_project_around(path.parent))


def _project_around(folder: Path) -> Project | None:
    try:
        return Project.find(folder)
    except ProjectError:
        return None


def _base(call_target: CallTarget, overrides: Overrides) -> Settings:
    if (provisioned := _provisioned(call_target, overrides)) is None:
        return Settings()
    path, source = provisioned
    return Settings.from_mapping(provisioning.interpolate(source), source=str(path))


def _provisioned(call_target: CallTarget, overrides: Overrides) -> tuple[Path, Mapping[str, Any]] | None:
    project = call_target.project.root if call_target.project else None
    return provisioning.choose(overrides.file, project, call_target.target.plugin_id)
