"""Secrets that this process was told, and their removal from every text that leaves it (logs, error messages).

Data is none of these texts: what a frame, a packet or a resource's body holds is the author's to choose.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SHORTEST = 4  # hiding shorter ones would only garble every text
_LIMIT = 1000  # rotated secrets are remembered, but not for ever
_SECRET_NAMES = ("_SECRET", "_KEY_VAL", "_PRIVATE_KEY", "_PASSWORD", "_TOKEN")

_lock = threading.Lock()
_secrets: dict[str, None] = {}
_by_start: dict[str, tuple[str, ...]] = {}  # its first characters → the secrets that begin so


def remember(secrets: Iterable[str]) -> None:
    """Hide these texts from now on."""
    new = dict.fromkeys(
        part
        for secret in secrets
        if secret not in _secrets
        for line in (secret, *secret.splitlines())  # a PEM key may be logged by the line
        if len(line.strip()) >= _SHORTEST and not line.startswith("-----")
        for part in _forms(line)
    )
    if not new:
        return
    with _lock:
        for secret in [each for each in new if each not in _secrets]:
            _secrets[secret] = None
            start = secret[:_SHORTEST]
            _by_start[start] = (*_by_start.get(start, ()), secret)
        while len(_secrets) > _LIMIT:
            _forget(next(iter(_secrets)))


def _forget(secret: str) -> None:
    del _secrets[secret]
    start = secret[:_SHORTEST]
    _by_start[start] = tuple(other for other in _by_start[start] if other != secret)
    if not _by_start[start]:
        del _by_start[start]


def remember_settings(settings: Mapping[str, str]) -> None:
    """Hide the values of settings and environment variables whose names say that they are secret."""
    remember(value for key, value in settings.items() if key.endswith(_SECRET_NAMES))


def _forms(secret: str) -> Iterator[str]:
    """Spell a secret as texts do: as it is, escaped in a literal or in JSON, and in a URL."""
    yield secret
    if secret.isalnum():
        return
    import json  # noqa: PLC0415  # few need them
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="", errors="replace")
    yield quote(secret, errors="replace")
    yield quote_plus(secret, errors="replace")


def hide(text: str) -> str:
    """Replace every remembered secret in a text."""
    if not _secrets:
        return text
    for secret in sorted(_secrets_in(text), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _secrets_in(text: str) -> set[str]:
    """Find the secrets in a text: by the secret or by the place, whichever are fewer.

    A regular expression of a thousand tokens takes a second to compile, at each new one.
    """
    if len(_secrets) <= len(text):
        return {secret for secret in list(_secrets) if secret in text}
    return {
        secret
        for at in range(len(text) - _SHORTEST + 1)
        for secret in _by_start.get(text[at : at + _SHORTEST], ())
        if text.startswith(secret, at)
    }
