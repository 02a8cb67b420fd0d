"""The command line: one Typer app, and the one place where failures become words and an exit code."""

from __future__ import annotations

import errno
import traceback
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import __version__, console
from gfplug.commands import adopt, build, call, check, deploy, dev, doctor, merge, new, proto, rename, sign, upgrade
from gfplug.commands.options import Command
from gfplug.errors import GfplugError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Sequence

_OUTSIDE = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT),
    *(errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP),
}
"""What folders and file systems refuse: no bug of ours, wherever it was met."""
_FULL = {errno.ENOSPC, errno.EDQUOT}
"""What is met while a file is written that is open already, and then names none."""

app = typer.Typer(
    name="gfplug",
    help="Grafana backend data sources in Python: scaffold, build, call, upgrade.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a plain traceback pastes into a bug report; locals would show secrets
    rich_markup_mode=None,
)
for _command in (
    *(new.new, adopt.adopt, build.build, dev.dev, check.check, merge.merge, sign.sign, deploy.deploy),
    *(doctor.doctor, upgrade.upgrade, rename.rename),
):
    app.command(cls=Command)(_command)
app.add_typer(call.app, name="call")
app.add_typer(proto.app, name="proto")


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
    path = error.filename2 or error.filename  # of a rename, where to
    if error.errno not in _OUTSIDE or not (path or error.errno in _FULL):
        return _report_bug()
    console.fail(ProjectError(f"{path}: {error.strerror}" if path else f"a file cannot be written: {error.strerror}"))
    return ProjectError.exit_code


def _report_bug() -> int:
    console.note(traceback.format_exc())
    console.note("This is a bug in gfplug. Please report it with the lines above.")
    return 1
