"""Requests and responses of the preview's server, as its answering functions see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any

from gfplug import files
from gfplug.errors import UsageError
from gfplug.untrusted import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

OK, BAD_REQUEST, FORBIDDEN, NOT_FOUND, NOT_ALLOWED = 200, 400, 403, 404, 405
CONFLICT, FAILED, NOT_IMPLEMENTED, BAD_GATEWAY, UNAVAILABLE, LATE = 409, 500, 501, 502, 503, 504
SANDBOX = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
"""For answers that come from a plugin or an upstream: opened as a page, they run no script and load nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request that was let in. Shape: `path` is below the token and percent-encoded, `query` is behind its `?`.

    `when_gone` is given what to call if the browser stops waiting for the answer.
    """

    method: str
    path: str
    query: str = ""
    headers: Message = field(default_factory=Message)
    body: bytes = field(default=b"", repr=False)
    when_gone: Callable[[Callable[[], object]], None] = field(default=lambda _: None, repr=False)

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object.

        Raises: UsageError if it is none.
        """
        try:
            value = documents.parse_json(self.body)
        except ValueError as error:
            raise UsageError(f"the body is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise UsageError("the body is not a JSON object")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """An answer; a body of parts is sent as they come, and lasts as long as its connection."""

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
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})},
        body=files.json_text(value).encode(),
    )


def text_response(status: int, message: str, headers: Mapping[str, str] | None = None) -> WebResponse:
    """Answer with a sentence for a person."""
    head = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", **(headers or {})}
    return WebResponse(status=status, headers=head, body=f"{message}\n".encode())


def not_allowed(*methods: str) -> WebResponse:
    """Answer a method that a path does not have."""
    return json_response(
        {"message": f"this path is asked with {' or '.join(methods)}"},
        status=NOT_ALLOWED,
        headers={"Allow": ", ".join(methods)},
    )
