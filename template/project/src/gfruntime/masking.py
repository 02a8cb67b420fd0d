"""Secrets that this process was told, and their removal from every text that leaves it (logs, error messages)."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 4  # hiding shorter ones would only garble every text
_LIMIT = 1000  # rotated secrets are remembered, but not for ever

_lock = threading.Lock()
_known: dict[str, None] = {}
_pattern: re.Pattern[str] | None = None


def remember(secrets: Iterable[str]) -> None:
    """Hide these texts from now on."""
    global _pattern  # noqa: PLW0603  # one process, one set of secrets
    new = {
        part
        for secret in secrets
        for part in (secret, *secret.splitlines())  # a PEM key may be logged by the line
        if len(part.strip()) >= _SHORTEST and part not in _known and not part.startswith("-----")
    }
    if not new:
        return
    with _lock:
        _known.update(dict.fromkeys(new))
        while len(_known) > _LIMIT:
            _known.pop(next(iter(_known)))
        _pattern = None


def hide(text: str) -> str:
    """Replace every remembered secret in a text."""
    global _pattern  # noqa: PLW0603  # compiled on first use
    if not _known:
        return text
    pattern = _pattern
    if pattern is None:
        with _lock:
            longest_first = sorted(_known, key=len, reverse=True)
            pattern = _pattern = re.compile("|".join(re.escape(secret) for secret in longest_first))
    return pattern.sub("***", text)
