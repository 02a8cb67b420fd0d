"""`gfplug new`: a name becomes a plugin project."""

from __future__ import annotations

import logging
import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console, sdk
from gfplug.errors import UsageError
from gfplug.project import names
from gfplug.scaffold import new as service
from gfplug.scaffold import template
from gfplug.scaffold.template import DATA, EXAMPLES, FREE_ANSWERS, Answers

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger("gfplug")


def new(
    name: Annotated[str, typer.Argument(help="What it is called: myds, acme-sales, 'Acme Sales'.", metavar="NAME")],
    directory: Annotated[
        Path | None, typer.Argument(help="Where to make it; default: ./ and the plugin id.", metavar="[DIR]")
    ] = None,
    *,
    example: Annotated[
        str | None,
        typer.Option(help="What it answers at first: signals (needs nothing, the default) or http (asks a JSON API)."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            help="Who answers panels: backend (Python, the default) or hybrid (the browser, through Grafana's proxy)."
        ),
    ] = None,
    frontend: Annotated[
        str | None,
        typer.Option(help="Editors from your dataclasses (schema, the default) or your own TypeScript (react)."),
    ] = None,
    org: Annotated[
        str | None,
        typer.Option(
            help=f"First part of the plugin id; default: NAME's first word of several, else {names.DEFAULT_ORG}."
        ),
    ] = None,
    sdk_version: Annotated[
        str, typer.Option(metavar="V|latest|default", help="The Go SDK release to speak.")
    ] = "default",
    source: Annotated[
        Path | None, typer.Option("--from", help="Take the SDK's proto from a file, checkout or module zip.")
    ] = None,
    data: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help=f"Set one of: {', '.join(DATA)}.")] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be made.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
) -> None:
    """Make a plugin project.

    NAME becomes the plugin id that Grafana asks for, <org>-<name>-datasource, and is shown.
    """
    if example is None and mode == "hybrid":
        example = "http"
    given = {"example": example, "mode": mode, "frontend": frontend}
    answers = _answers(name, org=org, choices=given, data=_pairs(data or []), ask=_asks(defaults=defaults))
    _log.info("%s: plugin id %s, example %s", answers.title, answers.plugin_id, answers.example)
    request = service.NewProject(
        answers=answers,
        destination=directory or Path(answers.plugin_id),
        sdk_version=sdk.resolve(sdk_version, offline=offline),
        source=source,
        offline=offline,
    )
    if dry_run:
        for path in service.preview(request):
            _log.info("  %s", path)
        _log.info("Nothing was made: --dry-run")
    else:
        service.create(request)
        _tell_next(request.destination)
    console.result(request.destination)


def _answers(text: str, *, org: str | None, choices: dict[str, str | None], data: dict[str, str], ask: bool) -> Answers:
    """Put the answers together: what was given, else what the person says, else the default."""
    found = names.parse(text)
    owner = names.organisation(org) if org is not None else found.org
    name = found.org + found.name if org is not None else found.name
    if not owner:
        owner = _ask("Organisation, the id's first part", names.DEFAULT_ORG, names.organisation, ask=ask)
    given: dict[str, str] = {}
    for key in FREE_ANSWERS:
        usual = {"title": found.title, "description": f"{given.get('title')} in Grafana", "author": owner}[key]
        given[key] = data[key] if key in data else _ask(key.capitalize(), usual, partial(template.line, key), ask=ask)
    given |= {key: choice for key, choice in choices.items() if choice is not None}
    if "example" not in given:
        given["example"] = _ask(f"Example ({', '.join(EXAMPLES)})", EXAMPLES[0], template.example, ask=ask)
    return Answers(org=owner, name=name, gfplug=data.get("gfplug", ""), **given)


def _pairs(data: list[str]) -> dict[str, str]:
    """Read `--data key=value`.

    Raises: UsageError for a text without a key, or a key that the template does not ask for.
    """
    pairs = {}
    for text in data:
        key, equals, value = text.partition("=")
        if not equals or key not in DATA:
            raise UsageError(
                f"--data expects KEY=VALUE with one of the keys {', '.join(DATA)}, got {text!r}",
                hint="NAME, --org and --example are arguments of their own",
            )
        pairs[key] = value
    return pairs


def _asks(*, defaults: bool) -> bool:
    return not defaults and console.is_interactive()


def _ask(question: str, default: str, accept: Callable[[str], str], *, ask: bool) -> str:
    """Return the default, or what the person answers, asked until it can be accepted."""
    while ask:
        try:
            return accept(console.ask(question, default))
        except UsageError as error:
            console.fail(error)
    return default


def _tell_next(destination: Path) -> None:
    _log.info("")
    _log.info("Made %s. The one file to edit: src/plugin/datasource.py.\nNext:", destination)
    for line in (f"cd {shlex.quote(str(destination))}", "gfplug build", "gfplug call query"):
        _log.info("  %s", line)
