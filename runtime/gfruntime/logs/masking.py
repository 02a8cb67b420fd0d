"""The secrets of this process, and their masking in every text that leaves it (logs, error messages).

Data is not masked: the author decides what a frame, a packet or a resource's body contains.

A secret is masked unchanged and in its usual encodings: escaped, URL-encoded, base64, hex. It is remembered as long as
an instance uses it, and for some minutes after its last use. The number of secrets is unlimited, and hardly affects the
cost of masking a text: an index of four-byte keys returns the few secrets that the text may contain.
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

MIN_SECRET_CHARACTERS = 4
"""The length of the shortest text that is masked; masking shorter texts would make every line unreadable."""

_SECRET_NAMES = ("_SECRET", "_KEY_VAL", "_PRIVATE_KEY", "_PASSWORD", "_TOKEN")
_ARMOUR = re.compile(r"-----(BEGIN|END) ([^\n-]{1,40})-----")
_PUBLIC = re.compile("CERTIFICATE|PUBLIC KEY|CRL|PARAMETERS")
_KEEP_SECONDS = 300.0
_PIECE = 1 << 16  # bytes of a text that are searched in one step
_MOST_BYTES = 64 << 20  # bytes of secrets that belong to no instance, such as cookies and tokens of requests
_IN_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})  # html is 40 kB
_LOGGER = logging.getLogger("gfruntime")


class Index:
    """An index of texts by four bytes of each; it uses the four bytes that the fewest other texts contain."""

    def __init__(self) -> None:
        """Create an empty index."""
        self._texts: dict[int, tuple[str, ...]] = {}  # by four bytes as a number
        self._grams: dict[str, int] = {}
        self._uses = Counter[str]()

    def add(self, text: str) -> None:
        """Add a text of at least four characters; a text that is added twice must be removed twice."""
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
        """Return the indexed texts that this text contains."""
        if not self._texts:
            return set()
        data, is_known = text.encode("utf-8", "surrogatepass"), self._texts.__contains__
        grams = set(filter(is_known, _grams(data[: _PIECE + 3])))
        for start in range(_PIECE, len(data), _PIECE):  # other threads can run between two steps
            grams.update(filter(is_known, _grams(data[start : start + _PIECE + 3])))
        return {each for gram in grams for each in self._texts.get(gram, ()) if each in text}


def _grams(data: bytes) -> Iterator[int]:
    """Yield every four consecutive bytes as a number."""
    view, starts = memoryview(data), range(min(4, len(data) - 3))
    return chain.from_iterable([view[start : len(data) - (len(data) - start) % 4].cast("I") for start in starts])


class Secrets:
    """The secrets of a process; `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without secrets."""
        self._clock = clock
        self._lock = threading.Lock()
        self._index = Index()
        self._keep_counts = Counter[str]()
        self._recent: dict[str, tuple[str, ...]] = {}  # secrets used since the last rotation, with their encodings
        self._older: dict[str, tuple[str, ...]] = {}  # secrets used in the period before
        self._rotated = clock()
        self._bytes = 0

    def remember(self, secrets: Iterable[str]) -> None:
        """Mask these texts from now on; forget them five minutes after their last use if no instance keeps them."""
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
            _LOGGER.warning("Requests had more than %d MB of secrets; the oldest can appear in the log", size)

    def keep(self, secrets: Iterable[str]) -> None:
        """Mask these texts until they are released as often as they were kept."""
        with self._lock:
            for secret in secrets:
                self._add(secret)
                self._keep_counts[secret] += 1

    def release(self, secrets: Iterable[str]) -> None:
        """Forget these texts after some minutes, unless another instance keeps them."""
        with self._lock:
            for secret in secrets:
                self._add(secret)
                self._keep_counts[secret] -= 1

    def hide(self, text: str) -> str:
        """Replace every secret in a text."""
        for secret in sorted(self._index.search(text), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def __len__(self) -> int:
        """Return the number of secrets that are masked now."""
        return len(self._recent) + len(self._older)

    def _add(self, secret: str) -> None:
        """Add a secret that was just used."""
        if secret in self._recent:
            return
        spellings = self._older.pop(secret, None)
        if spellings is None:
            spellings = tuple(dict.fromkeys(_encodings(secret)))
            self._bytes += sum(map(len, spellings))
            for each in spellings:
                self._index.add(each)
        self._recent[secret] = spellings

    def _rotate(self) -> None:
        """Forget the secrets that were not used since the last rotation, unless they are kept."""
        live_secrets = {secret: spellings for secret, spellings in self._older.items() if self._keep_counts[secret] > 0}
        for secret in self._older.keys() - live_secrets.keys():
            del self._keep_counts[secret]
            for each in self._older[secret]:
                self._index.remove(each)
        self._older = self._recent | live_secrets
        self._recent = {}
        self._rotated = self._clock()
        expired = (spellings for secret, spellings in self._older.items() if self._keep_counts[secret] <= 0)
        self._bytes = sum(len(each) for spellings in expired for each in spellings)


def _encodings(secret: str) -> Iterator[str]:
    """Yield the encodings of a secret and of the lines of a longer secret; not of certificates and public keys."""
    _, *armoured = _ARMOUR.split(secret)
    blocks = list(zip(armoured[0::3], armoured[1::3], armoured[2::3], strict=True))
    bodies = [body for kind, label, body in blocks if kind == "BEGIN" and not _PUBLIC.search(label)]
    if bodies or not blocks:
        yield from (each for each in _forms(secret) if len(each) >= MIN_SECRET_CHARACTERS)
        lines = [line.strip() for body in bodies or [secret] for line in body.splitlines()]
        yield from (line for line in lines if len(line) >= MIN_SECRET_CHARACTERS)


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret itself; escaped in a literal, in JSON, HTML, URLs; in hex; in base64, also within other text."""
    import base64  # noqa: PLC0415  # the handshake comes before the first secret
    import json  # noqa: PLC0415
    from urllib.parse import quote, quote_plus  # noqa: PLC0415

    if len(secret) < MIN_SECRET_CHARACTERS:
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
        base64_text = base64.b64encode(b"\0" * shift + data).decode()
        inner = base64_text[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        for each in (base64_text, base64_text.rstrip("="), inner) if shift == 0 else (inner,):
            yield each
            yield each.translate(str.maketrans("+/", "-_"))


_secrets = Secrets()
remember, keep, release, hide = _secrets.remember, _secrets.keep, _secrets.release, _secrets.hide


def hide_number(number: float) -> float | str:
    """Return a number, or the masked text if it contains a secret, such as a PIN."""
    text = repr(number)
    hidden = hide(text)
    return number if hidden == text else hidden


def named_secrets(settings: Mapping[str, str]) -> list[str]:
    """List the values of settings and environment variables whose names suggest secrets."""
    return [value for key, value in settings.items() if key.endswith(_SECRET_NAMES)]
