"""`gfplug call`: start a plugin as Grafana does, ask it, show the answer."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gfplug import console
from gfplug.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from gfplug import call as calling
    from gfplug import host

_PLAIN_WIDTH = 100
_FAILED = 400
_MOST_TERMINAL = 100_000

app = typer.Typer(
    help="Start a plugin exactly as Grafana does, ask it, stop it: health, query, resource.", no_args_is_help=True
)

_Target = Annotated[
    Path, typer.Argument(metavar="TARGET", help="A project, a dist folder or an executable; default: here.")
]
_Python = Annotated[Path | None, typer.Option(help="Run a project's source with this interpreter as it is.")]
_Url = Annotated[str | None, typer.Option(help="The data source's URL.")]
_Option = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="An option of the data source.")]
_Secret = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE|@FILE|$ENV", help="A secret of the data source.")]
_Settings = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The data source from a provisioning file; default: the project's.")
]
_Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds for the handshake, and for each answer.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON, as Grafana's own API would.")]
_Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the plugin's whole log.")]


@app.command()
def health(
    target: _Target = Path(),
    *,
    python: _Python = None,
    url: _Url = None,
    option: _Option = None,
    secret: _Secret = None,
    settings: _Settings = None,
    timeout: _Timeout = 60.0,
    as_json: _Json = False,
    verbose: _Verbose = False,
) -> None:
    """Ask the data source's health, as "Save & test" does."""
    from gfplug import call as service  # noqa: PLC0415 - `--help` need not wait for it

    overrides = service.Overrides(file=settings, url=url, options=option or [], secrets=secret or [])
    with _running(target, python, overrides, timeout=timeout, verbose=verbose) as (plugin, source):
        found = plugin.check_health(source, timeout=timeout)
    if as_json:
        console.result_json({"status": found.status, "message": found.message, "details": found.details})
    else:
        console.result(f"{found.status}: {found.message}" if found.message else found.status)
        for key, value in found.details.items():
            console.result(f"{key}: {value if isinstance(value, str) else json.dumps(value)}")
    if found.status != "OK":
        raise ToolError(f"the data source is not healthy: {found.status}")


@app.command()
def query(
    target: _Target = Path(),
    *,
    start: Annotated[str, typer.Option("--from", help="now-6h, milliseconds since 1970, or ISO 8601.")] = "now-1h",
    end: Annotated[str, typer.Option("--to", help="As --from.")] = "now",
    interval: Annotated[str | None, typer.Option(help="Between points: 30s, 5m; default: from the range.")] = None,
    max_data_points: Annotated[int, typer.Option(min=1, help="How many points a panel has room for.")] = 100,
    model: Annotated[
        str, typer.Option(metavar="JSON|@FILE", help="The query; default: the plugin's own defaults.")
    ] = "{}",
    assign: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One field of the query.")
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="How many rows of each frame to show.")] = 10,
    python: _Python = None,
    url: _Url = None,
    option: _Option = None,
    secret: _Secret = None,
    settings: _Settings = None,
    timeout: _Timeout = 60.0,
    as_json: _Json = False,
    verbose: _Verbose = False,
) -> None:
    """Ask one query, and show its frames as tables and a plot."""
    from gfplug import call as service  # noqa: PLC0415 - `--help` need not wait for it

    asked = service.question(
        service.Span(start=start, end=end, interval=interval, max_data_points=max_data_points),
        model={**service.model(model), **service.assignments(assign or [], option="--set")},
        now=datetime.now(UTC),
    )
    overrides = service.Overrides(file=settings, url=url, options=option or [], secrets=secret or [])
    with _running(target, python, overrides, timeout=timeout, verbose=verbose) as (plugin, source):
        answers = plugin.query_data([asked], source, timeout=timeout)
    if as_json:
        results = {"results": {ref_id: answer.to_json() for ref_id, answer in answers.items()}}
        console.result(json.dumps(results, ensure_ascii=False))
    else:
        for answer in answers.values():
            _show(answer, rows=rows)
    service.require_answers([asked.ref_id], answers)


@app.command()
def resource(
    path: Annotated[str, typer.Argument(metavar="PATH", help="Such as tables or tables?limit=3.")],
    target: _Target = Path(),
    *,
    method: Annotated[str, typer.Option(help="GET, POST, ...")] = "GET",
    header: Annotated[list[str] | None, typer.Option(metavar="'NAME: VALUE'", help="A request header.")] = None,
    body: Annotated[str, typer.Option(metavar="TEXT|@FILE", help="The request's body.")] = "",
    python: _Python = None,
    url: _Url = None,
    option: _Option = None,
    secret: _Secret = None,
    settings: _Settings = None,
    timeout: _Timeout = 60.0,
    as_json: _Json = False,
    verbose: _Verbose = False,
) -> None:
    """Send a request to the data source's resources, and print the body it answers."""
    from gfplug import call as service  # noqa: PLC0415 - `--help` need not wait for it

    headers = service.headers(header or [])
    content = service.content_of(body, option="--body")
    overrides = service.Overrides(file=settings, url=url, options=option or [], secrets=secret or [])
    with _running(target, python, overrides, timeout=timeout, verbose=verbose) as (plugin, source):
        found = plugin.call_resource(path, source, method=method, headers=headers, body=content, timeout=timeout)
    if as_json:
        console.result_json({"status": found.status, "headers": found.headers, **_body(found.body)})
    else:
        _show_body(found.body)
    if found.status >= _FAILED:
        raise ToolError(f"the resource {path!r} answered with status {found.status}")


@contextmanager
def _running(
    target: Path, python: Path | None, overrides: calling.Overrides, *, timeout: float, verbose: bool
) -> Iterator[tuple[host.Plugin, host.Settings]]:
    from gfplug import call as service  # noqa: PLC0415 - `--help` need not wait for it

    if verbose:
        console.setup(1)
    place = service.find(target, python=python)
    source = service.settings(place, overrides)
    signal.signal(signal.SIGTERM, _leave)  # so that the plugin is ended too
    with service.plugin(place, timeout=timeout) as plugin:
        yield plugin, source


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _show(answer: host.Answer, *, rows: int) -> None:
    """Print the frames of one ref id as tables, then one plot of all their time series."""
    from gfplug import display, plot  # noqa: PLC0415 - as above

    is_terminal, is_unicode = sys.stdout.isatty(), _is_unicode()
    width = min(shutil.get_terminal_size((_PLAIN_WIDTH, 0)).columns, _MOST_TERMINAL) if is_terminal else _PLAIN_WIDTH
    if not answer.frames and not answer.error:
        console.result(f"{answer.ref_id}: no frames")
    for frame in answer.frames:
        console.result(display.heading(answer.ref_id, frame))
        console.result(display.table(frame, rows=rows, width=width) + "\n")
    lines = [line for frame in answer.frames for line in plot.series(frame)]
    drawn = plot.draw(lines, width=width, colour=console.has_colour(sys.stdout), plain=not is_unicode)
    if drawn:
        console.result(drawn)


def _is_unicode() -> bool:
    """Tell whether stdout can show everything; where it can not, let it show question marks instead of failing."""
    if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8":
        return True
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    return False


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
