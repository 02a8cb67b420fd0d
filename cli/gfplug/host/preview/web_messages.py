"""Requests and responses of the preview's server, for the functions that answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.errors import UsageError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OK, BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_ALLOWED, WRONG_TYPE = 200, 400, 403, 404, 405, 415
CONFLICT, FAILED, NOT_IMPLEMENTED, BAD_GATEWAY, UNAVAILABLE, LATE = 409, 500, 501, 502, 503, 504
_JSON = "application/json"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
SANDBOX = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
"""For answers from a plugin or an upstream: as pages in a browser they run no script and load nothing."""


class MediaTypeError(UsageError):
    """The body is not JSON; browsers let other origins send JSON only if the server allows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request that passed the guard. Shape: `path` is below the token and percent-encoded, `query` follows the `?`.

    `when_gone` takes a function that is called if the browser stops waiting for the answer.
    """

    method: str
    path: str
    query: str = ""
    headers: Message = field(default_factory=Message)
    body: bytes = field(default=b"", repr=False)
    when_gone: Callable[[Callable[[], object]], None] = field(default=lambda _: None, repr=False)

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object.

        Raises: MediaTypeError for another Content-Type than application/json; UsageError for other JSON than an object.
        """
        if (media_type := self.headers.get_content_type()) != _JSON:
            raise MediaTypeError(f"the body must be sent as {_JSON}, not as {media_type[:80]}")
        try:
            value = documents.parse_json(self.body)
        except ValueError as error:
            raise UsageError(f"the body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise UsageError("the body is not a JSON object")
        return _without_half_pairs(value) if _SURROGATE.search(self.body) else value


def _without_half_pairs(value: dict[str, Any]) -> dict[str, Any]:
    """Replace each half of a surrogate pair with U+FFFD, as Go's decoder does; UTF-8 can't contain a half."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    valid: dict[str, Any] = json.loads(text)
    return valid


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """An answer; an iterator as the body is sent part by part, and may last as long as the connection."""

    status: int = OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Iterator[bytes] = field(default=b"", repr=False)


def json_response(
    value: Any,  # noqa: ANN401 - JSON
    *,
    status: int = OK,
    headers: Mapping[str, str] | None = None,
) -> WebResponse:
    """Answer with JSON."""
    return WebResponse(
        status=status,
        headers={"Content-Type": _JSON, "Cache-Control": "no-store", **(headers or {})},
        body=files.json_text(value).encode(),
    )


def text_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> WebResponse:
    """Answer with a text for a user."""
    head = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", **(headers or {})}
    return WebResponse(status=status, headers=head, body=f"{message}\n".encode())


def wrong_method_response(*methods: str) -> WebResponse:
    """Answer a request with a method that its path does not support."""
    return json_response(
        {"message": f"this path supports only {' or '.join(methods)}"},
        status=NOT_ALLOWED,
        headers={"Allow": ", ".join(methods)},
    )
