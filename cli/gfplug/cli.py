"""The command line: one Typer app; only `main` turns failures into messages and exit codes."""

from __future__ import annotations

import errno
import importlib
from collections import UserDict
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main
from typer.core import TyperGroup

from gfplug import __version__, console
from gfplug.errors import GfplugError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Sequence

_REFUSALS = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP),
}
"""The errors of folders and file systems: wherever they occur, they are not bugs of gfplug."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
"""The errors of a full disk or quota. They occur while an open file is written, so the exception names no file."""

COMMANDS = {
    "new": "Make a plugin project.",
    "adopt": "Add a Python backend to a plugin that has none.",
    "build": "Freeze a project into dist/ and pack it.",
    "dev": "Run a project's source in a Grafana on this machine.",
    "preview": "See a data source in a browser, without Grafana.",
    "check": "Report what would fail when the plugin is used.",
    "merge": "Join the archives of several platforms into one.",
    "sign": "Sign the bundle for your own Grafana.",
    "release": "Check, build and test a project, then tag it.",
    "deploy": "Print the lines that install a plugin in a Grafana.",
    "doctor": "Examine this machine and project, or explain a log.",
    "upgrade": "Move a project to this gfplug's template and runtime.",
    "rename": "Give a plugin another id.",
    "call": "Start a plugin as Grafana does, and send it a request.",
    "proto": "Show the Go SDK's protos; change a project's release.",
}
"""The commands, each a module of `gfplug.commands`, with the first line of its help: `--help` imports none of them."""


class Modules(UserDict[str, Any]):
    """The commands by their names; a command's module is imported on access to the command."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer does not export the type
        """Return a command."""
        if super().__getitem__(name) is None:
            self[name] = _load(name)
        return super().__getitem__(name)


class Commands(TyperGroup):
    """A group that imports the module of a command only to run it."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - typer's
        """Create the group."""
        super().__init__(**settings)
        self.commands = Modules(dict.fromkeys(COMMANDS))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - typer does not export the type
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _make_app(**settings: Any) -> typer.Typer:  # noqa: ANN401 - typer's
    return typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # a plain traceback pastes into a bug report; locals would show secrets
        rich_markup_mode=None,
        **settings,
    )


def _load(name: str) -> Any:  # noqa: ANN401 - typer does not export the type
    from gfplug.commands.options import Command  # noqa: PLC0415 - `--help` needs none of it

    module, app = importlib.import_module(f"gfplug.commands.{name}"), _make_app()
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name)
    else:
        app.command(cls=Command)(getattr(module, name))
    return typer.main.get_group(app).commands[name]


app = _make_app(
    name="gfplug", cls=Commands, help="Grafana backend data sources in Python: scaffold, build, call, upgrade."
)


def _show_version(*, value: bool) -> None:
    if value:
        console.result(f"gfplug {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show more.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only errors.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool,
        typer.Option(
            "--version", callback=lambda value: _show_version(value=value), is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    console.setup(int(verbose) - int(quiet))


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; `errors.py` lists the codes."""
    console.use_utf8()
    try:
        app(args=list(arguments), prog_name="gfplug")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except GfplugError as error:
        console.fail(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        return _report_refusal(error)
    except Exception:  # noqa: BLE001 - the outermost frame: whatever arrives here is a bug of ours
        return _report_bug()
    finally:
        console.end_stage()
    return 0


def _report_refusal(error: OSError) -> int:
    path = error.filename2 or error.filename  # filename2: the target of a rename
    if error.errno not in _REFUSALS or not (path or error.errno in _FULL):
        return _report_bug()
    console.fail(ProjectError(f"{path}: {error.strerror}" if path else f"a file cannot be written: {error.strerror}"))
    return ProjectError.exit_code


def _report_bug() -> int:
    import traceback  # noqa: PLC0415 - only a bug needs it

    console.note(traceback.format_exc())
    console.note("This is a bug in gfplug. Please report it with the lines above.")
    return 1
