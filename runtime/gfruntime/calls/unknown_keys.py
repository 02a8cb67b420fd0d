"""Keys that a data source receives and does not read: they are ignored, because old dashboards have them, and logged.

Each key is logged once for each type, at debug level. The line has the keys, never their values.
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from gfruntime.author import keys, unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_LOGGER = logging.getLogger("gfruntime")
_MAX_LOG_LINES = 1000  # lines of one process: a caller can send any key
_MAX_KEY_CHARACTERS = 80
_NUMBER = re.compile(r"\[\d+\]")
_LOGGED: set[tuple[str, str]] = set()


def log_unknown_query_keys(decode: Callable[[bytes], Any], model: Any, subject: str) -> Callable[[bytes], Any]:  # noqa: ANN401
    """Return a decoder that also logs the keys it ignores in a query's JSON, if debug lines are on."""
    names = keys.of(model)
    if names is None:
        return decode
    kind = f"{subject} ({getattr(model, '__name__', model)})"

    def decode_text(text: bytes) -> Any:  # noqa: ANN401
        value = decode(text)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _log_once(kind, unread.find_unknown_query_keys(json.loads(text or b"{}"), names))
        return value

    return decode_text


def log_unknown_settings(options: Any, json_data: Mapping[str, Any], secrets: Iterable[str], subject: str) -> None:  # noqa: ANN401
    """Log the keys that are ignored in a data source's settings, if debug lines are on."""
    if not _LOGGER.isEnabledFor(logging.DEBUG):
        return
    stores = keys.stores_of(options)
    if stores is not None:
        _log_once(subject, unread.find_unknown_option_keys(json_data, stores["jsonData"]))
        names = list(stores["secureJsonData"])
        ignored = [name for name in secrets if name not in names and not unread.is_grafana_secret(name)]
        _log_once(f"{subject}: the secrets", [(name, names) for name in ignored])


def _log_once(kind: str, ignored: Iterable[tuple[str, list[str]]]) -> None:
    for path, names in ignored:
        key = _NUMBER.sub("[]", path)[:_MAX_KEY_CHARACTERS]
        if (kind, key) not in _LOGGED and len(_LOGGED) < _MAX_LOG_LINES:
            _LOGGED.add((kind, key))
            _LOGGER.debug(
                "%s: no field reads %r; there are %s", kind, key, _NUMBER.sub("[]", ", ".join(names)) or "none"
            )
