"""`gfplug call validate`, `gfplug call mutate` and `gfplug call convert`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gfplug import console
from gfplug.commands.call import call_options
from gfplug.errors import ToolError

if TYPE_CHECKING:
    from gfplug.host.objects import AdmissionAnswer, Result

_RequestFile = Annotated[Path, typer.Argument(metavar="FILE", help="The request, as JSON.")]
_WithoutDataSource = Annotated[
    bool, typer.Option("--no-data-source", help="Send no settings, as before the data source exists.")
]


@call_options.takes_call_options
def validate(file: _RequestFile, *, no_data_source: _WithoutDataSource = False, call: call_options.CallOptions) -> None:
    """Ask whether an object may be stored."""
    answer = _admit(file, call, mutates=False, has_source=not no_data_source)
    if not call.as_json:
        console.result("allowed" if answer.allowed else "refused")
    _require_allowed(answer)


@call_options.takes_call_options
def mutate(file: _RequestFile, *, no_data_source: _WithoutDataSource = False, call: call_options.CallOptions) -> None:
    """Ask what to store in place of an object, and print it."""
    answer = _admit(file, call, mutates=True, has_source=not no_data_source)
    if not call.as_json and answer.content is not None:
        _show(answer.content)
    _require_allowed(answer)


@call_options.takes_call_options
def convert(file: _RequestFile, *, no_data_source: _WithoutDataSource = False, call: call_options.CallOptions) -> None:
    """Convert objects to another version, and print them."""
    from gfplug.host import objects  # noqa: PLC0415 - `--help` need not wait for it

    values = objects.conversion_values(objects.read_request(file))
    with call.running() as (plugin, settings):
        answer = objects.convert(plugin, values, None if no_data_source else settings, timeout=call.timeout)
    if call.as_json:
        console.result_json(answer.to_json())
    else:
        for _, content in answer.objects:
            _show(content)
    if not objects.has_succeeded(answer.result):
        raise _refusal("the plugin did not convert the objects", answer.result)


def _admit(file: Path, call: call_options.CallOptions, *, mutates: bool, has_source: bool) -> AdmissionAnswer:
    """Send the request, and print the answer's warnings, and with --json the answer itself."""
    from gfplug.host import objects  # noqa: PLC0415 - as above

    values = objects.admission_values(objects.read_request(file))
    with call.running() as (plugin, settings):
        answer = objects.admit(plugin, values, settings if has_source else None, mutates=mutates, timeout=call.timeout)
    if call.as_json:
        console.result_json(answer.to_json())
    for warning in answer.warnings:
        console.note(f"warning: {warning}")
    return answer


def _require_allowed(answer: AdmissionAnswer) -> None:
    if not answer.allowed:
        raise _refusal("the plugin refuses the object", answer.result)


def _refusal(sentence: str, result: Result | None) -> ToolError:
    return ToolError(f"{sentence}: {result}" if result else sentence)


def _show(content: bytes) -> None:
    """Print an object, in base64 if it is not JSON."""
    from gfplug.host import objects  # noqa: PLC0415 - as above

    document = objects.object_json(content)
    if "object" in document:
        console.result_json(document["object"])
    else:
        console.result(document["objectBase64"])
