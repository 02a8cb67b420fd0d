"""What makes two queries equal: everything that the author's method sees of them, but for when they came.

A key holds no text of a request: models and credentials are in it as a keyed digest. Nothing is compared that was read
twice: a model's part is made from the decoded model, so that two readers of JSON can't disagree about it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import functools
import hashlib
import itertools
import os
import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from gfruntime.request.headers import PREFIX

if TYPE_CHECKING:
    from collections.abc import Hashable

    from gfruntime.author.cache import Cache
    from gfruntime.calls.instances import Source
    from gfruntime.request.vocabulary import Query, TimeRange

_DIGEST_KEY = os.urandom(32)  # of this process alone
_lock = threading.Lock()
_numbers = itertools.count(1)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SKIP = "X-Cache-Skip"
_CAPTURE = "x-grafana-har-capture"  # the answer is to show what was sent to the upstream for it
_PLAIN = (dt.datetime, dt.date, dt.time, dt.timedelta, decimal.Decimal, uuid.UUID)
_OF_PLACE = frozenset(
    [
        *("fromalert", "x-cache-skip"),  # told apart by what they do
        *("x-dashboard-uid", "x-dashboard-title", "x-panel-id", "x-panel-title", "x-panel-plugin-id"),
        *("x-datasource-uid", "x-plugin-id", "x-query-group-id", "x-grafana-from-expr", "x-grafana-org-id"),
        *("x-rule-name", "x-rule-uid", "x-rule-folder", "x-rule-source", "x-rule-type", "x-rule-version"),
        *("x-rule-origin", "x-grafana-request-id", "x-grafana-signed-request-id", "x-grafana-internal-request"),
        *("traceparent", "tracestate", "baggage", "uber-trace-id"),
    ]
)
"""Headers that tell which panel, rule or request it is, and nothing about who asks. Any other is part of the key."""

_OF_USER = frozenset({"x-grafana-id", "x-grafana-user", "x-real-ip"})
"""Headers that tell who asks, and that Grafana may send with every request: no credentials of the data source's."""


_ELSEWHERE = frozenset(
    ["model", "ref_id", "query_type", "from_alert", "filters", "headers", "context", "cancel", "deadline"]
)
"""The fields of a query that a key has otherwise, or that say how long its caller waits."""


class Key(NamedTuple):
    """What two equal queries have in common."""

    source: int
    """The data source, its settings, secrets and tenant: as `source_number` gives it."""

    method: str
    query_type: str
    ref_id: str
    """It is in the encoded frames."""

    is_json: bool
    from_alert: bool
    """Frames for alert rules are checked."""

    caller: bytes = b""
    filters: bytes = b""
    """The dashboard's ad hoc filters, also where the author says what is asked."""

    asked: Hashable = None


def source_number(source: Source) -> int:
    """Number a data source in one version of its settings, as `Instances` tells them apart; the same call by call."""
    version = source.version
    with _lock:  # threads that come at once get one number
        return _number(source.key, version.updated_ms, version.digest, frozenset(version.config.items()))


@functools.lru_cache(maxsize=1000)  # beyond that it gets another number, and so asks anew
def _number(*_parts: Hashable) -> int:
    return next(_numbers)


def complete(key: Key, query: Query[Any], cache: Cache, *, raw: bytes) -> Key | None:
    """Add to a key who asks and what; return None for a query that is asked by itself.

    So says the author's own function, or Grafana, which wants to see the traffic of this very query.

    `raw` is the model as JSON, for models with values of the author's own types.
    Raises: TypeError when what that function returns can't be compared; and whatever it raises.
    """
    if any(name.removeprefix(PREFIX).lower() == _CAPTURE for name in query.headers):
        return None
    asked = _asked(query, raw) if cache.key is None else cache.key(query)
    if asked is None:
        return None
    try:
        hash(asked)
    except TypeError as error:
        raise TypeError(f"Cache.key returned what can't be compared ({error}); return texts in a tuple") from None
    caller = _caller(query, per_user=cache.per_user)
    return key._replace(caller=caller, filters=_digest(*query.filters), asked=asked)


def wants_fresh(query: Query[Any], cache: Cache) -> bool:
    """Tell whether no kept answer may answer a query: Grafana says so, or it is an alert rule's."""
    if query.from_alert:
        return not cache.alerts
    return query.headers.get(_SKIP) == "true"


def aligned(query: Query[Any]) -> Query[Any]:
    """Move both ends of a query's range back to a multiple of its interval; a range of less than one stays."""
    between = query.time_range
    try:
        start, end = (_EPOCH + (each - _EPOCH) // query.interval * query.interval for each in _ends(between))
    except OverflowError:
        return query
    if start >= end:
        return query
    return dataclasses.replace(query, time_range=dataclasses.replace(between, start=start, end=end))


def _asked(query: Query[Any], raw: bytes) -> bytes:
    """Digest what is asked: the model, and whatever else of a query no other part of a key has."""
    try:
        model: object = _tagged(query.model)
    except (TypeError, RecursionError):
        model = ("raw", raw)
    names = [field.name for field in dataclasses.fields(query) if field.name not in _ELSEWHERE]
    return _digest(model, [(name, getattr(query, name)) for name in names])


def _caller(query: Query[Any], *, per_user: bool) -> bytes:
    """Digest who asks, and what was forwarded of it. Credentials count whatever the author says."""
    ignored = _OF_PLACE if per_user else _OF_PLACE | _OF_USER
    headers = [each for each in query.headers.items() if each[0].removeprefix(PREFIX).lower() not in ignored]
    user = query.context.user if per_user else None
    who = None if user is None else (user.login, user.name, user.email, user.role)
    return _digest(who, sorted(headers))


def _ends(between: TimeRange) -> tuple[dt.datetime, dt.datetime]:
    return between.start, between.end


def _digest(*parts: object) -> bytes:
    """Digest texts, numbers and bytes, in tuples and lists: their reprs differ where they do."""
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=32, key=_DIGEST_KEY).digest()


def _tagged(value: Any) -> object:  # noqa: ANN401, PLR0911  # of a decoded model; one line for each kind
    """Turn a model into tuples of texts, numbers and bytes, each with its type's name.

    Raises: TypeError for a type of the author's own.
    """
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if value is None or kind in (bool, int, float, str, bytes):
        return value
    if isinstance(value, enum.Enum):
        return name, value.name
    if isinstance(value, str):
        return name, str.__str__(value)
    if isinstance(value, Mapping):
        return name, tuple((_tagged(key), _tagged(item)) for key, item in sorted(value.items()))
    if isinstance(value, (list, tuple)):
        return name, tuple(map(_tagged, value))
    if isinstance(value, (set, frozenset)):
        return name, tuple(sorted(map(repr, map(_tagged, value))))
    if isinstance(value, _PLAIN):
        return name, repr(value)
    if dataclasses.is_dataclass(value):
        return name, tuple((field.name, _tagged(getattr(value, field.name))) for field in dataclasses.fields(value))
    if hasattr(value, "model_validate"):  # pydantic's
        return name, _tagged(vars(value)), _tagged(getattr(value, "__pydantic_extra__", None) or {})
    raise TypeError(f"{name} has no canonical form")
