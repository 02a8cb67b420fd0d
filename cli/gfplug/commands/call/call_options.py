"""The options of every call, defined once, and the start of the plugin."""

from __future__ import annotations

import functools
import inspect
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gfplug import console
from gfplug.errors import GfplugError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

    from gfplug.host.client import RunningPlugin
    from gfplug.host.settings import Settings
    from gfplug.project.plugin_project import Project

_Texts = list[str] | None


@dataclass(frozen=True, slots=True)
class QueryModel:
    """A query's model, and its origin: an option, or an alert rule that the project provisions."""

    where: str
    model: Mapping[str, Any]
    is_typed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """The plugin, its settings, and the output format; typer reads the fields."""

    target: Annotated[
        Path,
        typer.Argument(metavar="TARGET", help="A project, a dist/ folder or an executable.", show_default="here"),
    ] = Path()
    python: Annotated[
        Path | None, typer.Option(help="Run a project's source with this interpreter; create no environment.")
    ] = None
    url: Annotated[str | None, typer.Option(help="The data source's URL.")] = None
    option: Annotated[_Texts, typer.Option(metavar="KEY=VALUE", help="An option of the data source.")] = None
    secret: Annotated[_Texts, typer.Option(metavar="KEY=VALUE|@FILE|$ENV", help="A secret of the data source.")] = (
        field(default=None, repr=False)
    )
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take the data source from this provisioning file; default: the project's."),
    ] = None
    user: Annotated[
        _Texts, typer.Option(metavar="KEY=VALUE", help="The user: login, name, email, or role (Admin, Editor, Viewer).")
    ] = None
    feature_toggle: Annotated[_Texts, typer.Option(metavar="NAME", help="A feature toggle that is on in Grafana.")] = (
        None
    )
    timeout: Annotated[
        float, typer.Option(min=0.1, max=86_400, help="Seconds for the handshake, and for each answer.")
    ] = 60.0
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, in the format of Grafana's API.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the plugin's whole log.")] = False

    @property
    def caller(self) -> dict[str, str]:
        """The user whose request it is.

        Raises: UsageError if the option can't be read.
        """
        from gfplug.host import arguments, settings  # noqa: PLC0415 - `--help` need not wait for it

        pairs = [arguments.pair(text, "--user", keys=settings.CALLER_KEYS) for text in self.user or []]
        return settings.caller_from(pairs)

    @contextmanager
    def running(self) -> Iterator[tuple[RunningPlugin, Settings]]:
        """Run the plugin during a block, and yield the plugin and the settings to send.

        Raises: UsageError or ProjectError for options and secrets that the plugin does not read.
        """
        from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it
        from gfplug.host import known_keys  # noqa: PLC0415 - as above

        if self.verbose:
            console.setup(1)
        target = service.with_toggles(
            service.resolve_target(self.target, python=self.python), self.feature_toggle or []
        )
        overrides = service.Overrides(
            file=self.settings,
            url=self.url,
            options=self.option or [],
            secrets=self.secret or [],
            caller=self.caller,
            toggles=self.feature_toggle or [],
        )
        settings = service.settings(target, overrides)
        signal.signal(signal.SIGTERM, _exit)  # so that the plugin ends too
        with service.plugin(target, timeout=self.timeout) as plugin:
            if target.is_source or service.gives_keys(target, overrides):
                reply = known_keys.ask(plugin, timeout=self.timeout)
                has_own_frontend = _has_own_frontend(target.project)
                if target.is_source and not has_own_frontend:
                    known_keys.require_form(reply)
                keys = known_keys.KnownKeys.from_json(reply, target.project)
                service.require_known(target, overrides, keys, has_own_frontend=has_own_frontend)
            yield plugin, settings

    def require_fields(self, plugin: RunningPlugin, queries: Iterable[QueryModel]) -> None:
        """Refuse unknown fields of queries; those of provisioned rules are allowed if the project has its own frontend.

        Raises: UsageError or ProjectError, which names the existing fields.
        """
        from gfplug.host import known_keys  # noqa: PLC0415 - as above

        if queries_with_model := [query for query in queries if query.model]:
            project = _project_around(self.target)
            keys = known_keys.KnownKeys.from_json(known_keys.ask(plugin, timeout=self.timeout), project)
            for query in queries_with_model:
                unknown = keys.of_query(query.model, kind=query.model.get("queryType"))
                if query.is_typed:
                    known_keys.require(unknown, place=query.where)
                elif not _has_own_frontend(project):
                    known_keys.require_provisioned(unknown, place=query.where)


def _project_around(target: Path) -> Project | None:
    from gfplug.project.plugin_project import Project  # noqa: PLC0415 - `--help` need not wait for it

    try:
        return Project.find(target if target.is_dir() else target.parent)
    except GfplugError:
        return None


def _has_own_frontend(project: Project | None) -> bool:
    from gfplug.bundle.frontend import npm  # noqa: PLC0415 - `--help` need not wait for it

    return project is not None and npm.locate_frontend(project) is not None


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def takes_call_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of every call for its parameter `call`, and the options of its other groups.

    typer reads a function's signature. This decorator makes a signature with the command's own parameters, then the
    fields of each parameter that is a dataclass; their values become the dataclass that the command gets.
    """
    parameters = inspect.signature(command, eval_str=True).parameters
    kinds: dict[str, Any] = {name: each.annotation for name, each in parameters.items()}
    groups = [name for name, kind in kinds.items() if is_dataclass(kind)]
    own = [each for name, each in parameters.items() if name not in groups]
    fields = {name: inspect.signature(kinds[name], eval_str=True).parameters for name in groups}

    @functools.wraps(command)
    def run(**values: Any) -> None:  # noqa: ANN401 - whatever typer read
        option_groups = {group: kinds[group](**{name: values.pop(name) for name in fields[group]}) for group in groups}
        command(**values, **option_groups)

    grouped = [each for group in fields.values() for each in group.values()]
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what inspect reads first
        [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *grouped)]
    )
    return run
