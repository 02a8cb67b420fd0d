"""`gfplug call resource`."""

from __future__ import annotations

import base64
import sys
from typing import Annotated, Any

import typer

from gfplug import console
from gfplug.commands.call import call_options
from gfplug.errors import ToolError
from gfplug.host import arguments
from gfplug.untrusted import documents

_FAILED = 400


@call_options.takes_call_options
def resource(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The resource, such as tables or tables?limit=3.")],
    *,
    method: Annotated[str, typer.Option(help="The HTTP method: GET, POST, ...")] = "GET",
    header: Annotated[list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="A request header.")] = None,
    body: Annotated[str, typer.Option(metavar="TEXT|@FILE", help="The request's body.")] = "",
    call: call_options.CallOptions,
) -> None:
    """Send a request to the data source, and print the body."""
    headers = arguments.headers(header or [])
    content = arguments.content_of(body, option="--body")
    with call.running() as (plugin, settings):
        reply = plugin.call_resource(path, settings, method=method, headers=headers, body=content, timeout=call.timeout)
    if call.as_json:
        console.result_json({"status": reply.status, "headers": reply.headers, **_body(reply.body)})
    else:
        _show_body(reply.body)
    if reply.status >= _FAILED:
        raise ToolError(f"the resource {path!r} answered with status {reply.status}", hint=plugin.logs.hint())


def _body(content: bytes) -> dict[str, Any]:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"bodyBase64": base64.b64encode(content).decode()}
    try:
        return {"body": documents.parse_json(text)}
    except ValueError:
        return {"body": text}


def _show_body(content: bytes) -> None:
    body = _body(content)
    if "body" not in body:
        if sys.stdout.isatty():
            console.note(f"{len(content)} bytes that are not text: redirect stdout to a file")
            return
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    elif isinstance(body["body"], str):
        console.result(body["body"])
    else:
        console.result_json(body["body"])
