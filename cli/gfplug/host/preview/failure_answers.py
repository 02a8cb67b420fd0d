"""The answer to a failed call: the status and the text of Grafana's API, and gfplug's text.

Source: grafana v13.0.0, pkg/plugins/errors.go; pkg/util/errhttp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gfplug.errors import ConflictError, GfplugError, ProjectError, UsageError
from gfplug.host import failures
from gfplug.host.client import UnimplementedError
from gfplug.host.output import LateError
from gfplug.host.preview import web_messages
from gfplug.host.preview.plugin_keeper import DownError
from gfplug.host.preview.web_messages import MediaTypeError, WebResponse, json_response

if TYPE_CHECKING:
    from collections.abc import Callable

_KINDS: tuple[tuple[type[GfplugError], int, str, str], ...] = (
    (DownError, web_messages.UNAVAILABLE, "plugin.unavailable", "Plugin unavailable"),
    (UnimplementedError, web_messages.NOT_FOUND, "plugin.notImplemented", "Method not implemented"),
    (LateError, web_messages.LATE, "plugin.requestTimeout", "The plugin did not answer in time"),
)
_OTHER = (web_messages.FAILED, "plugin.requestFailureError", "An error occurred within the plugin")


def find_remedy(text: str, places: str) -> str:
    """Return the remedy for an error's text, or the place in the author's code that raised it; empty if unknown."""
    return failures.remedy(text) or (f"raised in {places}" if text and places else "")


def describe(error: GfplugError, places: str = "") -> dict[str, str]:
    """Return the texts that the page shows for a failure; `places` are the places in the author's code."""
    hint = find_remedy(f"{error.message}\n{error.details}", places) or error.hint
    return {"message": error.message, "hint": hint, "details": error.details}


def failure_response(error: GfplugError, mask: Callable[[Any], Any], places: str = "") -> WebResponse:
    """Return the response for a plugin that failed, or for a request that it could not get."""
    description = mask(describe(error, places))
    if isinstance(error, UsageError | ProjectError | ConflictError):
        return refusal_response(error, mask)
    answers = ((status, name, text) for kind, status, name, text in _KINDS if isinstance(error, kind))
    status, message_id, message = next(answers, _OTHER)
    value = {"message": message, "messageId": message_id, "statusCode": status, "traceID": "", "preview": description}
    return json_response(value, status=status)


def refusal_response(error: GfplugError, mask: Callable[[Any], Any]) -> WebResponse:
    """Return the response to an invalid request, or to one that can't be carried out."""
    statuses = {MediaTypeError: web_messages.WRONG_TYPE, UsageError: web_messages.BAD_REQUEST}
    status = next((each for kind, each in statuses.items() if isinstance(error, kind)), web_messages.CONFLICT)
    return json_response(mask({"message": error.message, "hint": error.hint}), status=status)
