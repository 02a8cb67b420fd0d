"""Secrets that this process was told, and their removal from every text that leaves it (logs, error messages).

Data is none of these texts: what a frame, a packet or a resource's body holds is the author's to choose.

A secret is hidden as it is and in its usual spellings: escaped, URL-encoded, base64, hex. It is remembered as long as
an instance keeps it, and for some minutes after it was last seen. Their number has no limit, and the cost of a text
hardly depends on it: an index finds the few secrets that a text may hold by four of their bytes.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

SHORTEST = 4
"""Characters of the shortest text that is hidden; hiding shorter ones would garble every line."""

_SECRET_NAMES = ("_SECRET", "_KEY_VAL", "_PRIVATE_KEY", "_PASSWORD", "_TOKEN")
_ARMOUR = re.compile(r"-----(BEGIN|END) ([^\n-]{1,40})-----")
_PUBLIC = re.compile("CERTIFICATE|PUBLIC KEY|CRL|PARAMETERS")
_KEEP_SECONDS = 300.0
_PIECE = 1 << 16  # bytes of a text that are searched at once
_MOST_BYTES = 64 << 20  # of texts that no instance keeps, such as the cookies and tokens of requests
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})  # html is 40 kB
_LOGGER = logging.getLogger("gfruntime")


class Index:
    """Texts to hide, found by four bytes of each: those that the fewest others are found by."""

    def __init__(self) -> None:
        """Begin empty."""
        self._texts: dict[int, tuple[str, ...]] = {}  # by four bytes as a number
        self._grams: dict[str, int] = {}
        self._uses = Counter[str]()

    def add(self, text: str) -> None:
        """Add a text of at least four characters; one that is added twice is to be removed twice."""
        self._uses[text] += 1
        if text in self._grams:
            return
        data = text.encode("utf-8", "surrogatepass")
        middle = data[max(0, len(data) // 2 - 32) :][:64]  # keys and tokens of one kind begin alike
        gram = next((gram for gram in _grams(middle) if gram not in self._texts), None)
        if gram is None:
            gram = min(_grams(middle), key=lambda gram: len(self._texts[gram]))
        self._texts[gram] = (*self._texts.get(gram, ()), text)
        self._grams[text] = gram

    def remove(self, text: str) -> None:
        """Remove a text."""
        self._uses[text] -= 1
        if self._uses[text]:
            return
        del self._uses[text]
        gram = self._grams.pop(text)
        rest = tuple(other for other in self._texts[gram] if other != text)
        if rest:
            self._texts[gram] = rest
        else:
            del self._texts[gram]

    def search(self, text: str) -> set[str]:
        """Return the texts that this one holds."""
        if not self._texts:
            return set()
        data, is_known = text.encode("utf-8", "surrogatepass"), self._texts.__contains__
        grams = set(filter(is_known, _grams(data[: _PIECE + 3])))
        for start in range(_PIECE, len(data), _PIECE):  # other threads run in between
            grams.update(filter(is_known, _grams(data[start : start + _PIECE + 3])))
        return {each for gram in grams for each in self._texts.get(gram, ()) if each in text}


def _grams(data: bytes) -> Iterator[int]:
    """Give every four bytes in a row as a number."""
    view, starts = memoryview(data), range(min(4, len(data) - 3))
    return chain.from_iterable([view[start : len(data) - (len(data) - start) % 4].cast("I") for start in starts])


class Secrets:
    """The secrets of a process; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin empty."""
        self._clock = clock
        self._lock = threading.Lock()
        self._index = Index()
        self._kept = Counter[str]()
        self._recent: dict[str, tuple[str, ...]] = {}  # secrets seen since the last rotation, with their spellings
        self._older: dict[str, tuple[str, ...]] = {}  # those seen before it, and after the one before
        self._rotated = clock()
        self._bytes = 0

    def remember(self, secrets: Iterable[str]) -> None:
        """Hide these texts from now on, until they were not seen for five minutes and no instance keeps them."""
        new = [secret for secret in secrets if secret not in self._recent]
        if not new and self._clock() - self._rotated < _KEEP_SECONDS:
            return
        with self._lock:
            for secret in new:
                self._add(secret)
            is_full = self._bytes > _MOST_BYTES
            if is_full or self._clock() - self._rotated >= _KEEP_SECONDS:
                self._rotate()
        if is_full:
            size = _MOST_BYTES >> 20
            _LOGGER.warning("Requests brought more than %d MB of secrets; the log may show the first of them", size)

    def keep(self, secrets: Iterable[str]) -> None:
        """Hide these texts until they are released as often as kept."""
        with self._lock:
            for secret in secrets:
                self._add(secret)
                self._kept[secret] += 1

    def release(self, secrets: Iterable[str]) -> None:
        """Forget these texts some minutes from now, unless something else keeps them."""
        with self._lock:
            for secret in secrets:
                self._add(secret)
                self._kept[secret] -= 1

    def hide(self, text: str) -> str:
        """Replace every secret in a text."""
        for secret in sorted(self._index.search(text), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def __len__(self) -> int:
        """Count the secrets that are hidden now."""
        return len(self._recent) + len(self._older)

    def _add(self, secret: str) -> None:
        """Add what was seen just now."""
        if secret in self._recent:
            return
        spellings = self._older.pop(secret, None)
        if spellings is None:
            spellings = tuple(dict.fromkeys(_spellings(secret)))
            self._bytes += sum(map(len, spellings))
            for each in spellings:
                self._index.add(each)
        self._recent[secret] = spellings

    def _rotate(self) -> None:
        """Forget what was not seen since the last rotation, nor is kept."""
        kept = {secret: spellings for secret, spellings in self._older.items() if self._kept[secret] > 0}
        for secret in self._older.keys() - kept.keys():
            del self._kept[secret]
            for each in self._older[secret]:
                self._index.remove(each)
        self._older = self._recent | kept
        self._recent = {}
        self._rotated = self._clock()
        seen = (spellings for secret, spellings in self._older.items() if self._kept[secret] <= 0)
        self._bytes = sum(len(each) for spellings in seen for each in spellings)


def _spellings(secret: str) -> Iterator[str]:
    """Spell a secret as texts do, and the lines of a longer one; certificates and public keys are no secrets."""
    _, *armoured = _ARMOUR.split(secret)
    blocks = list(zip(armoured[0::3], armoured[1::3], armoured[2::3], strict=True))
    bodies = [body for kind, label, body in blocks if kind == "BEGIN" and not _PUBLIC.search(label)]
    if bodies or not blocks:
        yield from (each for each in _forms(secret) if len(each) >= SHORTEST)
        lines = [line.strip() for body in bodies or [secret] for line in body.splitlines()]
        yield from (line for line in lines if len(line) >= SHORTEST)


def _forms(secret: str) -> Iterator[str]:
    """Spell a secret: as it is; escaped in a literal, in JSON, HTML, URLs; in hex; in base64, amid other text too."""
    import base64  # noqa: PLC0415  # the handshake comes before the first secret
    import json  # noqa: PLC0415
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    if len(secret) < SHORTEST:
        return
    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    if secret.isdecimal() and secret.isascii():
        yield secret.lstrip("0")  # as a number
    if not (secret.isalnum() and secret.isascii()):
        urls = [quote(secret, safe="", errors="replace"), quote(secret, errors="replace")]
        urls.append(quote_plus(secret, errors="replace"))
        yield from urls
        yield from (re.sub("%..", lambda match: match[0].lower(), url) for url in urls)
        yield from (repr(secret)[1:-1], ascii(secret)[1:-1], repr(data)[2:-1], secret.translate(_IN_HTML))
        yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (data.hex(), data.hex().upper())
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + data).decode()
        inner = encoded[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        for each in (encoded, encoded.rstrip("="), inner) if shift == 0 else (inner,):
            yield each
            yield each.translate(str.maketrans("+/", "-_"))


_secrets = Secrets()
remember, keep, release, hide = _secrets.remember, _secrets.keep, _secrets.release, _secrets.hide


def hide_number(number: float) -> float | str:
    """Return a number, or the text that hides it where it holds a secret, such as a PIN."""
    text = repr(number)
    hidden = hide(text)
    return number if hidden == text else hidden


def named_secrets(settings: Mapping[str, str]) -> list[str]:
    """List the values of settings and environment variables whose names say that they are secret."""
    return [value for key, value in settings.items() if key.endswith(_SECRET_NAMES)]
