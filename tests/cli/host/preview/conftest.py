"""A preview whose plugin is a test object, called without a socket."""

from __future__ import annotations

import json
from email.message import Message
from typing import TYPE_CHECKING, Any

import pytest
from small_preview import Small, small_preview

from gfplug.host.preview.web_messages import WebRequest, WebResponse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """Make a preview of a small project."""
    return small_preview(tmp_path)


@pytest.fixture
def ask(small: Small) -> Callable[..., tuple[int, Any]]:
    """Request a path of the small preview, and return the status and the JSON or the bytes of the response."""

    def send_request(path: str, body: Any = None, *, method: str = "", **headers: str) -> tuple[int, Any]:
        message = Message()
        if body is not None and "Content_Type" not in headers and "/resources/" not in path:
            message["Content-Type"] = "application/json"
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        path, _, query = path.partition("?")
        verb = method or ("GET" if body is None else "POST")
        response: WebResponse = small.application(
            WebRequest(method=verb, path=path, query=query, headers=message, body=content)
        )
        assert isinstance(response.body, bytes)
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return response.status, json.loads(response.body) if is_json else response.body

    return send_request
