"""Recorded answers of a real system, for `Replay`: from a file that it wrote, or from a HAR file.

A HAR file comes from `gfplug call query --har FILE`, from Grafana's diagnostics, or from a browser. Its database
statements are skipped. A redacted value matches anything; an answer with an incomplete body is refused.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

HIDDEN = "***"
DROPPED = {"connection", "content-encoding", "content-length", "date", "keep-alive", "set-cookie", "transfer-encoding"}
"""Headers of a recorded answer that are not sent again."""

_REDACTED = "REDACTED"
_CUT_BODY_STATUS = 501


def read_har(path: Path, target: str, hidden: Collection[str]) -> tuple[list[dict[str, Any]], frozenset[str]]:
    """Read the exchanges of a HAR file, and add the names of redacted parameters to `hidden`.

    Paths below that of `target`, the system's address, become relative to it.
    Raises: ValueError if it is not a HAR file.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))["log"]["entries"]
        exchanges = [entry for entry in entries if "_query" not in entry]
        pairs = [pair for entry in exchanges for pair in _parameters(entry["request"]["url"])]
        names = frozenset(hidden) | {name for name, value in pairs if value == _REDACTED or HIDDEN in value}
        return [_exchange(entry, urlsplit(target).path.rstrip("/"), names) for entry in exchanges], names
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a HAR file: {error!r}") from error


def visible_target(target: str, hidden: Collection[str]) -> str:
    """Return a request's path and query without hidden parameters."""
    query = urlencode([(name, HIDDEN if name in hidden else value) for name, value in _parameters(target)], safe="*")
    return urlsplit(target).path + (f"?{query}" if query else "")


def matches(recorded: Mapping[str, Any], key: Mapping[str, str]) -> bool:
    """Tell whether a request is the recorded one; a hidden part of the recorded body matches any text."""
    if any(recorded[name] != key[name] for name in ("method", "target")):
        return False
    pattern = ".*".join(map(re.escape, recorded["body"].split(HIDDEN)))
    return re.fullmatch(pattern, key["body"], re.DOTALL) is not None


def _exchange(entry: Mapping[str, Any], base: str, hidden: Collection[str]) -> dict[str, Any]:
    request = entry["request"]
    request_key = {
        "method": request["method"],
        "target": visible_target(_relative_target(request["url"], base), hidden),
        "body": _bytes(request.get("postData") or {}).decode("utf-8", "replace"),
    }
    return request_key | _answer(entry["response"], base)


def _answer(response: Mapping[str, Any], base: str) -> dict[str, Any]:
    body, size = _bytes(response["content"]), response.get("bodySize", 0)
    status = int(response["status"])
    if status and (size == -1 or (size > 0 and not body)):
        return {
            "status": _CUT_BODY_STATUS,
            "headers": {},
            "text": "the recording has only a part of this answer's body",
        }
    headers = {each["name"]: each["value"] for each in response.get("headers") or []}
    headers = {
        name: _relative_target(value, base) if name.lower() == "location" else value
        for name, value in headers.items()
        if name.lower() not in DROPPED and value != _REDACTED
    }
    return {"status": status, "headers": headers, "base64": base64.b64encode(body).decode()}


def _relative_target(url: str, base: str) -> str:
    """Return the path and query of an address, relative to the system's address."""
    parts = urlsplit(url)
    is_below = base and (parts.path == base or parts.path.startswith(f"{base}/"))
    path = parts.path.removeprefix(base) if is_below else parts.path
    return (path or "/") + (f"?{parts.query}" if parts.query else "")


def _parameters(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def _bytes(content: Mapping[str, Any]) -> bytes:
    text = content.get("text") or ""
    return base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
