"""Make Python identifiers from untrusted names: ASCII, short, unique, and never a keyword."""

from __future__ import annotations

import builtins
import functools
import keyword
import re
import unicodedata

_MAX_CHARACTERS = 60
_ROOM = 8  # characters for a number that makes a name unique
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_PLURALS = re.compile(r"([A-Z]{2,})s(?![a-z])")  # `userIDs`
_RESERVED = frozenset({*keyword.kwlist, *keyword.softkwlist, "type", "self", "cls", *dir(builtins)})
_RESERVED_CLASSES = frozenset({"none", "true", "false"})  # keywords in CamelCase


def words(name: str) -> list[str]:
    """Split a name into lower-case words: at capitals, after digits, and at all other characters."""
    ascii_only = unicodedata.normalize("NFKD", name[:500]).encode("ascii", "ignore").decode().replace("OAuth", "Oauth")
    ascii_only = _PLURALS.sub(lambda match: f"{match[1].capitalize()}s", ascii_only)
    parts: list[str] = []
    end = -1
    for match in _PARTS.finditer(ascii_only):
        if match.group().isdigit() and parts and match.start() == end:
            parts[-1] += match.group()  # `page2`, `sha256`
        else:
            parts.append(match.group().lower())
        end = match.end()
    return parts


@functools.lru_cache(maxsize=10_000)
def snake(name: str) -> str:
    """Return a name's words in snake case; empty for a name without a letter or digit."""
    return "_".join(words(name))


def identifier(name: str, *, fallback: str) -> str:
    """Return a name as an identifier in snake case, with `fallback` before it if it does not begin with a letter."""
    text = snake(name) or fallback
    if not text[0].isalpha():
        text = f"{fallback}_{text}"
    text = text[: _MAX_CHARACTERS - _ROOM].rstrip("_")
    if text in _RESERVED_CLASSES:
        return f"{text}_value"
    return f"{text}_" if text in _RESERVED else text


class Identifiers:
    """Identifiers that stay unique if case and underscores are ignored."""

    def __init__(self) -> None:
        """Start with no identifier in use."""
        self._keys: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, name: str, *, fallback: str) -> str:
        """Return an identifier for a name, with a number at its end if the name is in use."""
        base = identifier(name, fallback=fallback)
        text, number = base, self._next.get(base, 2)
        while text.replace("_", "") in self._keys:
            text, number = f"{base.rstrip('_')}_{number}", number + 1
        self._next[base] = number
        self._keys.add(text.replace("_", ""))
        return text
