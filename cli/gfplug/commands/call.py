"""`gfplug call`: start a plugin as Grafana does, ask it, show the answer."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gfplug import console
from gfplug.commands import query, stream
from gfplug.commands.call_options import (
    Json,
    Option,
    Python,
    Secret,
    SettingsFile,
    Target,
    Timeout,
    Url,
    Verbose,
    running,
)
from gfplug.errors import ToolError
from gfplug.host import failures

_FAILED = 400

app = typer.Typer(
    help="Start a plugin exactly as Grafana does, ask it, stop it: health, query, resource, stream.",
    no_args_is_help=True,
)
app.command("query")(query.query)
app.command("stream")(stream.stream)


@app.command()
def health(
    target: Target = Path(),
    *,
    python: Python = None,
    url: Url = None,
    option: Option = None,
    secret: Secret = None,
    settings: SettingsFile = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Ask the data source's health, as "Save & test" does."""
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it

    overrides = service.Overrides(file=settings, url=url, options=option or [], secrets=secret or [])
    with running(target, python, overrides, timeout=timeout, verbose=verbose) as (plugin, source):
        found = plugin.check_health(source, timeout=timeout)
    if as_json:
        console.result_json({"status": found.status, "message": found.message, "details": found.details})
    else:
        console.result(f"{found.status}: {found.message}" if found.message else found.status)
        for key, value in found.details.items():
            console.result(f"{key}: {value if isinstance(value, str) else json.dumps(value)}")
    if found.status != "OK":
        said = "\n".join([found.message, *map(str, found.details.values())])
        raise ToolError(f"the data source is not healthy: {found.status}", hint=failures.remedy(said))


@app.command()
def resource(
    path: Annotated[str, typer.Argument(metavar="PATH", help="Such as tables or tables?limit=3.")],
    target: Target = Path(),
    *,
    method: Annotated[str, typer.Option(help="GET, POST, ...")] = "GET",
    header: Annotated[list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="A request header.")] = None,
    body: Annotated[str, typer.Option(metavar="TEXT|@FILE", help="The request's body.")] = "",
    python: Python = None,
    url: Url = None,
    option: Option = None,
    secret: Secret = None,
    settings: SettingsFile = None,
    timeout: Timeout = 60.0,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Send a request to the data source's resources, and print the body it answers."""
    from gfplug.host import call as service  # noqa: PLC0415 - `--help` need not wait for it

    headers = service.headers(header or [])
    content = service.content_of(body, option="--body")
    overrides = service.Overrides(file=settings, url=url, options=option or [], secrets=secret or [])
    with running(target, python, overrides, timeout=timeout, verbose=verbose) as (plugin, source):
        found = plugin.call_resource(path, source, method=method, headers=headers, body=content, timeout=timeout)
    if as_json:
        console.result_json({"status": found.status, "headers": found.headers, **_body(found.body)})
    else:
        _show_body(found.body)
    if found.status >= _FAILED:
        raise ToolError(f"the resource {path!r} answered with status {found.status}")


def _body(content: bytes) -> dict[str, Any]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"bodyBase64": base64.b64encode(content).decode()}
    try:
        return {"body": json.loads(text)}
    except ValueError:
        return {"body": text}


def _show_body(content: bytes) -> None:
    found = _body(content)
    if "body" not in found:
        if sys.stdout.isatty():
            console.note(f"{len(content)} bytes that are not text: redirect stdout to keep them")
            return
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    elif isinstance(found["body"], str):
        console.result(found["body"])
    else:
        console.result_json(found["body"])
