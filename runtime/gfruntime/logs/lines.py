"""One log line in Grafana's format: a JSON object of bounded length, without secrets.

Grafana panics on a line whose `@message`, `@level` or `@timestamp` is not a string, and shows lines over 64 KiB in
pieces.
Source: hashicorp/go-plugin v1.8.0, client.go (logStderr) and log_entry.go.
"""

from __future__ import annotations

import functools
import math
import time
from typing import TYPE_CHECKING, Any

from gfruntime.logs import masking

if TYPE_CHECKING:
    import json
    from collections.abc import Mapping

_MAX_LINE = 60 * 1024
_MAX_TEXT = 24 * 1024
_LEAST_TEXT = 64
_MOST_READ = 256 * 1024  # characters that are searched at a text's beginning, and at its end
_MOST_KEYS = 100
_MOST_BITS = 10_000  # Python refuses to write much larger numbers as text
_CUT_MARK = " …[cut]… "
_RESERVED = ("@message", "@level", "@timestamp", "@module")
_MAX_FAST_CHARACTERS = 2000


def encode(level: str, message: str, extra: Mapping[str, object]) -> bytes:
    """Encode one line, at most 60 KiB long; secrets are masked and long texts cut."""
    if _is_plain(message, extra):
        return _encode_line({**extra, "@level": level, "@message": message, "@timestamp": _now()})
    fields = {_key(key): _clean(value) for key, value in list(extra.items())[:_MOST_KEYS]}
    head = {"@level": level, "@message": _hide_secrets(message), "@timestamp": _now()}
    limit = _MAX_TEXT
    while len(line := _encode_line(_shorten({**fields, **head}, limit))) > _MAX_LINE:
        limit //= 2
        if limit < _LEAST_TEXT:  # many short values
            fields = {"error": "too many values for one line"}
    return line


def _is_plain(message: str, extra: Mapping[str, object]) -> bool:
    """Tell whether all values are short texts without a secret, as in most lines, which need no cleaning."""
    if not all(type(value) is str for value in extra.values()) or not extra.keys().isdisjoint(_RESERVED[:-1]):
        return False
    whole = "\n".join([message, *extra, *map(str, extra.values())])
    return len(whole) <= _MAX_FAST_CHARACTERS and masking.hide(whole) == whole


def _encode_line(fields: Mapping[str, object]) -> bytes:
    return _encoder().encode(fields).encode("utf-8", "replace") + b"\n"


@functools.cache
def _encoder() -> json.JSONEncoder:
    import json  # noqa: PLC0415  # the handshake comes before the first line

    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _key(key: object) -> str:
    name = masking.hide(str(key))
    return f"field.{name}" if name in _RESERVED and name != "@module" else name


def _clean(value: object, most: int = _MOST_KEYS) -> object:
    """Convert a value to JSON without secrets, its containers with `most` items; unknown types become text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            return f"a number of {value.bit_length()} bits"
        return masking.hide_number(value) if isinstance(value, int) or math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {_hide_secrets(str(key)): _clean(item, most // 4) for key, item in list(value.items())[:most]}
    if isinstance(value, (list, tuple, set)):
        return [_clean(item, most // 4) for item in list(value)[:most]]
    return _hide_secrets(str(value))


def _hide_secrets(text: str) -> str:
    """Mask the secrets of a text; only its beginning and end are searched, because a line shows only these."""
    return masking.hide(text if len(text) <= 2 * _MOST_READ else text[:_MOST_READ] + _CUT_MARK + text[-_MOST_READ:])


def _shorten(value: Any, limit: int) -> Any:  # noqa: ANN401  # JSON
    """Cut the middle of every long text: a traceback's start shows the place, its end the error."""
    if isinstance(value, dict):
        return {_shorten(key, limit): _shorten(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        return [_shorten(item, limit) for item in value]
    if not isinstance(value, str) or len(value) <= limit:
        return value
    return value[: limit // 4] + _CUT_MARK + value[-(limit - limit // 4) :]


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds // 1000:06d}Z"
