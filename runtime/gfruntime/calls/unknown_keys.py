"""What a data source is sent and does not read: ignored, since dashboards outlive versions, and told in the debug log.

Each key is told once for each type that it was meant for. The line names keys alone, never what they hold.
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
_MOST = 1000  # lines of one process: keys are a caller's to choose
_LONGEST = 80
_NUMBER = re.compile(r"\[\d+\]")
_TOLD: set[tuple[str, str]] = set()


def tell_of_queries(decode: Callable[[bytes], Any], model: Any, what: str) -> Callable[[bytes], Any]:  # noqa: ANN401
    """Return a decoder that also tells what it ignores of a query's JSON, where the log has debug lines."""
    names = keys.of(model)
    if names is None:
        return decode
    kind = f"{what} ({getattr(model, '__name__', model)})"

    def decode_text(text: bytes) -> Any:  # noqa: ANN401
        value = decode(text)
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _tell(kind, unread.unknown_of_query(json.loads(text or b"{}"), names))
        return value

    return decode_text


def tell_of_settings(options: Any, json_data: Mapping[str, Any], secrets: Iterable[str], what: str) -> None:  # noqa: ANN401
    """Tell what is ignored of a data source's settings, where the log has debug lines."""
    if not _LOGGER.isEnabledFor(logging.DEBUG):
        return
    stores = keys.stores_of(options)
    if stores is not None:
        _tell(what, unread.unknown_of_options(json_data, stores["jsonData"]))
        names = list(stores["secureJsonData"])
        ignored = [name for name in secrets if name not in names and not unread.is_secret_of_every_source(name)]
        _tell(f"{what}: the secrets", [(name, names) for name in ignored])


def _tell(kind: str, ignored: Iterable[tuple[str, list[str]]]) -> None:
    for path, names in ignored:
        key = _NUMBER.sub("[]", path)[:_LONGEST]
        if (kind, key) not in _TOLD and len(_TOLD) < _MOST:
            _TOLD.add((kind, key))
            _LOGGER.debug(
                "%s: no field reads %r; there are %s", kind, key, _NUMBER.sub("[]", ", ".join(names)) or "none"
            )
