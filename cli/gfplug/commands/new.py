"""`gfplug new`: create a plugin project from a name."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console, process
from gfplug.commands import openapi_options
from gfplug.commands.options import DryRun, Offline, ProtoSource, SdkVersion, choice, pairs
from gfplug.errors import UsageError
from gfplug.project import names
from gfplug.scaffold.choices import DATA, EXAMPLES, LICENSES, SUMMARIES, UPSTREAM, Example, Frontend, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gfplug.scaffold.openapi.stored_model import StoredModel
    from gfplug.scaffold.template import Answers

_log = logging.getLogger("gfplug")


def _list_examples(is_set: bool) -> None:  # noqa: FBT001 - typer calls it so
    """Print each example with its description, and end the command."""
    if is_set:
        _show_examples(console.result)
        raise typer.Exit


def _show_examples(show: Callable[[str], None]) -> None:
    width = max(map(len, SUMMARIES))
    for name, summary in SUMMARIES.items():
        show(f"{name:<{width}}  {summary}")


def new(
    name: Annotated[
        str, typer.Argument(help="The data source's name: myds, acme-sales, 'Acme Sales'.", metavar="NAME")
    ],
    directory: Annotated[
        Path | None, typer.Argument(help="The folder to create; default: ./ and the plugin id.", metavar="DIR")
    ] = None,
    *,
    example: Annotated[
        Example | None, choice(Example, help="The example to start from; --list describes the examples.")
    ] = None,
    mode: Annotated[
        Mode | None, choice(Mode, help="Who answers panels: Python (default), or the browser through Grafana's proxy.")
    ] = None,
    frontend: Annotated[
        Frontend | None, choice(Frontend, help="Editors from your dataclasses (default), or your own TypeScript.")
    ] = None,
    org: Annotated[
        str | None,
        typer.Option(
            help=f"First part of the plugin id; default: NAME's first word if it has several, else {names.DEFAULT_ORG}."
        ),
    ] = None,
    sdk_version: SdkVersion = "default",
    source: ProtoSource = None,
    data: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help=f"Set one of: {', '.join(DATA)}.")] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask no questions, even on a terminal.")] = False,
    list_examples: Annotated[  # noqa: ARG001 - its callback has ended the command
        bool, typer.Option("--list", help="Show the examples, and end.", is_eager=True, callback=_list_examples)
    ] = False,
    openapi: openapi_options.OpenApi = None,
    operations: openapi_options.Operations = None,
    strict: openapi_options.Strict = False,
    ask_mock: Annotated[
        bool, typer.Option("--try", help="With --openapi: send a first query to a mock of the API.")
    ] = False,
    no_git: Annotated[bool, typer.Option("--no-git", help="Make no git repository.")] = False,
    dry_run: DryRun = False,
    offline: Offline = False,
) -> None:
    """Make a plugin project.

    The plugin id is made from NAME: <org>-<name>-datasource. People see NAME in Grafana. --openapi makes the project
    from the description of an API: a query for each operation that returns rows, and a mock to try them with.
    If DIR is in no git repository, the project becomes a git repository; gfplug commits nothing.
    """
    from gfplug import sdk  # noqa: PLC0415 - a command's imports are its own
    from gfplug.commands import openapi_try  # noqa: PLC0415
    from gfplug.scaffold import new as service  # noqa: PLC0415

    openapi_options.require_openapi(openapi, operations=operations, strict=strict)
    if openapi is None and ask_mock:
        raise UsageError("--try queries a mock of an API", hint="give the API's description with --openapi FILE")
    if openapi is not None and example is not None:
        raise UsageError(f"--openapi can't be used with --example {example}", hint="omit one of them")
    if example is None and mode == "hybrid" and openapi is None:
        example = "http"
    upstream = None if openapi is None else _read_upstream(openapi, operations, strict=strict)
    options = {"example": UPSTREAM if upstream else example, "mode": mode, "frontend": frontend}
    values = {key: value for key, value in {**options, **pairs(data or [], DATA)}.items() if value is not None}
    answers = _answers(name, org=org, values=values, ask=not defaults and console.is_interactive())
    _log.info("%s: plugin id %s, example %s", answers.title, answers.plugin_id, answers.example)
    request = service.NewProject(
        answers=answers,
        destination=directory or Path(answers.plugin_id),
        sdk_version=sdk.resolve(sdk_version, offline=offline),
        source=source,
        offline=offline,
        upstream=upstream,
        has_repository=not no_git,
    )
    if dry_run:
        for path in service.preview(request):
            _log.info("  %s", path)
        _log.info("Nothing was made: --dry-run")
    else:
        service.create(request)
        if upstream is not None and ask_mock:
            openapi_try.ask_mock(request.destination, upstream)
        calls = openapi_try.hints(upstream) if upstream else _first_calls(answers.example)
        show_next_steps(request.destination, *calls, "gfplug build")
    console.result(request.destination)


def _read_upstream(openapi: str, operations: str | None, *, strict: bool) -> StoredModel:
    """Read an API's description, and print which parts gfplug leaves out."""
    from gfplug.scaffold.openapi.stored_model import StoredModel  # noqa: PLC0415 - as above

    operation_names = openapi_options.names(operations)
    source = openapi_options.read(openapi, operation_names, strict=strict)
    return StoredModel(source, tuple(each.name for each in source.operations) if operation_names else ())


def _first_calls(example: str) -> list[str]:
    """Return the first commands in a project with an example."""
    if example != "http":
        return ["gfplug call query"]
    return [process.in_background("python", "-m example_api.server"), "gfplug call query --url http://localhost:8000"]


def show_next_steps(project: Path, *lines: str) -> None:
    """Print which file to edit, and the next commands."""
    _log.info("\nMade %s. The one file to edit: src/plugin/datasource.py.\nNext:", project)
    for line in (f"cd {process.quote(str(project))}", *lines):
        _log.info("  %s", line)


def _answers(text: str, *, org: str | None, values: Mapping[str, str], ask: bool) -> Answers:
    """Collect the answers: from the options, else from the user, else the default.

    A user is asked four questions: the organisation, the title, the example, and the licence.
    """
    from gfplug.scaffold import template  # noqa: PLC0415 - as above

    plugin_name = names.parse(text)
    author = org
    if author is None:
        question = "Organisation (the first part of the plugin id)"
        author = _ask(question, plugin_name.org or names.DEFAULT_ORG, _organisation, ask=ask)
    owner = names.organisation(author)
    answers = dict(values)
    if "title" not in answers:
        answers["title"] = _ask("Title", plugin_name.title, partial(template.line, "title"), ask=ask)
    if "example" not in answers:
        if ask:
            _show_examples(console.note)
        answers["example"] = _ask("Example to start with", EXAMPLES[0], template.example, ask=ask)
    if "license" not in answers:
        question = f"Licence ({', '.join(LICENSES)})"
        answers["license"] = _ask(question, LICENSES[0], template.license_name, ask=ask)
    answers.setdefault("description", f"{answers['title']} in Grafana")
    answers.setdefault("author", author if ask else owner)
    name = plugin_name.name if org is None else plugin_name.org + plugin_name.name
    return template.Answers(org=owner, name=name, **answers)


def _organisation(text: str) -> str:
    """Return a text that can become the first part of an id."""
    from gfplug.scaffold import template  # noqa: PLC0415 - as above

    names.organisation(text)
    return template.line("author", text)


def _ask(question: str, default: str, accept: Callable[[str], str], *, ask: bool) -> str:
    """Return the default, or the user's answer; ask again until the answer is valid."""
    while ask:
        try:
            return accept(console.ask(question, default))
        except UsageError as error:
            console.fail(error)
    return default
