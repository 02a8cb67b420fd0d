"""Common parts of the commands: arguments, options, usage lines, and lists of changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from typer.core import TyperCommand

from gfplug import console
from gfplug.host import arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ProjectFolder = Annotated[
    Path, typer.Argument(metavar="PROJECT", help="The project, or a folder in it.", show_default="here")
]
BundleFolder = Annotated[
    Path, typer.Argument(metavar="TARGET", help="A project, or a dist/ folder.", show_default="here")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Offline = Annotated[bool, typer.Option("--offline", help="Use no network.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]
SdkVersion = Annotated[str, typer.Option(metavar="V|latest|default", help="The Go SDK release to use.")]
ProtoSource = Annotated[
    Path | None,
    typer.Option("--from", metavar="PATH", help="Take the SDK's proto from a file, a checkout or a module zip."),
]
_PYDANTIC = "Value error, "
_NO_BRACES = str.maketrans("", "", "{}")


class Command(TyperCommand):
    """A command whose usage is `NAME [DIR]`, and whose errors lack typer's prefix `Value error,`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer does not export the type
        """Read the arguments.

        Raises: typer.BadParameter without pydantic's prefix.
        """
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(_PYDANTIC)
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - typer does not export the type
        """Return the parts of the usage line after the command's name."""
        return [piece.translate(_NO_BRACES) for piece in super().collect_usage_pieces(ctx)]


def group(text: str, **commands: Callable[..., None]) -> typer.Typer:
    """Create a command with subcommands; the keywords are their names, `text` is the help."""
    app = typer.Typer(help=text, no_args_is_help=True)
    for name, command in commands.items():
        app.command(name, cls=Command)(command)
    return app


def choice(kind: object, *names: str, help: str) -> Any:  # noqa: A002, ANN401 - as typer.Option has it
    """Describe an option whose values are those of a Literal; the help shows the values as `[a|b]`."""
    return typer.Option(*names, metavar=f"[{'|'.join(get_args(kind))}]", help=help)


def pairs(texts: Sequence[str], keys: Sequence[str] = ()) -> dict[str, str]:
    """Read the values of `--data`, each KEY=VALUE; without `keys`, any key is allowed.

    Raises: UsageError for a text without a key, or with an unknown key.
    """
    return dict(arguments.pair(text, "--data", keys=keys) for text in texts)


def show_changes(changes: Mapping[str, str], show: Callable[[str], None] = console.result) -> None:
    """Print the kind of change of each file."""
    for path, what in changes.items():
        show(f"{what:<9} {path}")
